"""Golden stems: Snowball's English stemmer on irregular words and on beginnings with every suffix that a rule names.

Needs: snowballstemmer==2.2.0.
Run:   python packages/index/golden/english-stems.py > packages/index/golden/english-stems.json
"""

import json

import snowballstemmer

irregular = """a be by say skis skies dying lying tying idly gently ugly early only singly sky news howe atlas cosmos bias andes inning
innings outing canning cannings herring earrings proceed proceeding exceed exceeds succeed succeeded generate generously generic
communication communism arsenal arsenic cry gas gaps kiwis this cries ties tied luxuriated hopping hoping hopped hoped bed bid bead rap
trap entrap uproot ow on disturb past beautiful beauty beau feed agreed agreedly plastered motoring sing conflated troubled sized
tanned falling hissing fizzed failing filing happy enjoy analogy geology apology electricity youth yellow toy yoyo sayyid ayyy yyy eye
controll roll rolled probate rate cease"""
beginnings = "cat hop fill plaster nation gener commun arsen oper sens vis rel obey deny fly bro stem pitt connect yield equi log".split()
suffixes = """s es ss us ied ies ed edly ing ingly eed eedly e y ly li ll l
ational tional ization fulness ousness iveness biliti lessli entli ation alism aliti ousli iviti fulli enci anci abli izer ator alli bli
ogi logi icate iciti ical ative ness ful alize ement ance ence able ible ment ant ent ism ate iti ous ive ize sion tion ion al er ic
ities ousnesses ibilities izations""".split()

words = sorted({*irregular.split(), *(beginning + suffix for beginning in beginnings for suffix in suffixes)})
stem = snowballstemmer.stemmer("english").stemWord
print(json.dumps({"snowballstemmer": "2.2.0", "stems": [[word, stem(word)] for word in words]}, separators=(",", ":")))

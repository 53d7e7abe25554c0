#!/usr/bin/env bash
# Makes the Python environment of the reference scripts in .cache/python. Optional: nothing of the project needs it.
set -euo pipefail
cd "$(dirname "$0")/.."
python3 -m venv .cache/python
.cache/python/bin/pip install --quiet --requirement scripts/python-requirements.txt
.cache/python/bin/python -c 'import sentence_transformers as s, torch; print("sentence-transformers", s.__version__, "torch", torch.__version__)'

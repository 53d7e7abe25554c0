import { describe, expect, it } from 'vitest'
import { Message } from './protobuf.js'

describe('Message', () => {
  it('writes the examples of the protocol buffer documentation', () => {
    expect([...new Message().integer(1, 150).toBytes()]).toEqual([0x08, 0x96, 0x01])
    expect([...new Message().text(2, 'testing').toBytes()]).toEqual([0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67])
    expect([...new Message().message(3, new Message().integer(1, 150)).toBytes()]).toEqual([0x1a, 0x03, 0x08, 0x96, 0x01])
  })

  it('writes negative and large numbers, floats and long contents', () => {
    expect([...new Message().integer(1, -2).toBytes()]).toEqual([0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])
    expect([...new Message().integer(1, 2 ** 35).toBytes()]).toEqual([0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01])
    expect([...new Message().float(20, 1).toBytes()]).toEqual([0xa5, 0x01, 0, 0, 0x80, 0x3f])
    const long = new Uint8Array(300).fill(7)
    const message = new Message().integer(1, 1).message(2, new Message().bytes(9, long).integer(1, 3))
    expect(message.length).toBe(message.toBytes().length)
    expect([...message.toBytes().slice(0, 8)]).toEqual([0x08, 1, 0x12, 0xb1, 0x02, 0x4a, 0xac, 0x02])
    expect([...message.toBytes().slice(-3)]).toEqual([7, 0x08, 3])
  })
})

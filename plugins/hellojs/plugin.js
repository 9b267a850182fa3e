#!/usr/bin/node --preserve-symlinks-main
// A Domovoi plugin in JavaScript: one file, and nothing but what Node has. The
// first part is the script. The rest is what the SDK does for a script in Go: the
// session of docs/plugin-protocol.md over MessagePack, Protocol Buffers and gRPC.
'use strict'

const fs = require('node:fs')
const http2 = require('node:http2')
const path = require('node:path')

// ---- The script

// The JSON Schemas of what run takes and returns. The daemon checks parameters
// before it starts a run.
const parameterSchema = {
  type: 'object',
  properties: {
    name: { type: 'string', description: 'whom to greet; the user of the run when not given' },
    listen: { type: 'integer', minimum: 0, maximum: 1000, default: 0, description: 'how many information events to wait for' },
  },
  additionalProperties: false,
}
const resultSchema = {
  type: 'object',
  properties: {
    modules: { type: 'integer' },
    heard: { type: 'array', items: { type: 'string' } },
  },
  required: ['modules', 'heard'],
  additionalProperties: false,
}

// run greets, counts the modules there are, and listens to what is said, which
// begins with its own hello.
async function run(engine, parameters) {
  const name = parameters.name || engine.run.runsAs
  engine.log('INFO', `greeting name=${name}`)
  const [count] = await engine.send(['ManagerStoreCountRequest', { Kind: 'ModuleSettings', Filter: { Operator: 'true' } }])

  const events = await engine.subscribe({ events: ['InformationEventMessage'] })
  await engine.send(['GenerateInformationMessage', { Text: `hello was said to ${name}` }])
  const heard = []
  while (heard.length < parameters.listen) {
    const event = await events.next()
    heard.push(event.message.Text)
  }
  events.close()
  engine.output.greeting = `Hello, ${name}!`
  return { modules: Number(count.Count), heard }
}

// ---- MessagePack

// pack encodes null, booleans, numbers, bigints, texts, Buffers, arrays and
// objects. Lengths have four bytes always, which is longer than need be and right.
function pack(value) {
  const parts = []
  const header = (code, length) => {
    const b = Buffer.alloc(5)
    b[0] = code
    b.writeUInt32BE(length, 1)
    parts.push(b)
  }
  const number = (code, write) => {
    const b = Buffer.alloc(9)
    b[0] = code
    write(b)
    parts.push(b)
  }
  const add = (v) => {
    if (v === null) parts.push(Buffer.from([0xc0]))
    else if (typeof v === 'boolean') parts.push(Buffer.from([v ? 0xc3 : 0xc2]))
    else if (typeof v === 'bigint' || Number.isInteger(v)) number(0xd3, (b) => b.writeBigInt64BE(BigInt(v), 1))
    else if (typeof v === 'number') number(0xcb, (b) => b.writeDoubleBE(v, 1))
    else if (typeof v === 'string') {
      const b = Buffer.from(v)
      header(0xdb, b.length)
      parts.push(b)
    } else if (Buffer.isBuffer(v)) {
      header(0xc6, v.length)
      parts.push(v)
    } else if (Array.isArray(v)) {
      header(0xdd, v.length)
      v.forEach(add)
    } else {
      const entries = Object.entries(v)
      header(0xdf, entries.length)
      entries.flat(1).forEach(add)
    }
  }
  add(value)
  return Buffer.concat(parts)
}

// unpack decodes one value. Integers of eight bytes become bigints, extensions
// objects with their type and data.
function unpack(b) {
  let at = 0
  const uint = (size) => {
    const n = size === 8 ? b.readBigUInt64BE(at) : b.readUIntBE(at, size)
    at += size
    return n
  }
  const int = (size) => {
    const n = size === 8 ? b.readBigInt64BE(at) : b.readIntBE(at, size)
    at += size
    return n
  }
  const bytes = (length) => b.subarray(at, (at += length))
  const text = (length) => bytes(length).toString()
  const list = (length) => Array.from({ length }, one)
  const map = (length) => Object.fromEntries(Array.from({ length }, () => [one(), one()]))
  const extension = (length) => ({ type: int(1), data: bytes(length) })
  const float = (size) => {
    at += size
    return size === 4 ? b.readFloatBE(at - 4) : b.readDoubleBE(at - 8)
  }
  function one() {
    const c = uint(1)
    if (c <= 0x7f) return c
    if (c <= 0x8f) return map(c & 0x0f)
    if (c <= 0x9f) return list(c & 0x0f)
    if (c <= 0xbf) return text(c & 0x1f)
    if (c >= 0xe0) return c - 0x100
    switch (c) {
      case 0xc0: return null
      case 0xc2: return false
      case 0xc3: return true
      case 0xc4: case 0xc5: case 0xc6: return bytes(uint(1 << (c - 0xc4)))
      case 0xc7: case 0xc8: case 0xc9: return extension(uint(1 << (c - 0xc7)))
      case 0xca: return float(4)
      case 0xcb: return float(8)
      case 0xcc: case 0xcd: case 0xce: case 0xcf: return uint(1 << (c - 0xcc))
      case 0xd0: case 0xd1: case 0xd2: case 0xd3: return int(1 << (c - 0xd0))
      case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8: return extension(1 << (c - 0xd4))
      case 0xd9: case 0xda: case 0xdb: return text(uint(1 << (c - 0xd9)))
      case 0xdc: case 0xdd: return list(uint(2 << (c - 0xdc)))
      case 0xde: case 0xdf: return map(uint(2 << (c - 0xde)))
    }
    throw new Error(`no MessagePack: the byte ${c}`)
  }
  return one()
}

// ---- Protocol Buffers

// The messages of sdk/plugin/session/session.proto as far as this plugin needs
// them: number, name and type of each field. A type is 'uint', 'text', 'bytes',
// 'texts' (a map from text to text), the fields of another message, or many of one.
const many = (type) => ({ many: type })
const ErrorMessage = [[1, 'kind', 'text'], [2, 'reason', 'text'], [3, 'message', 'text']]
const Id = [[1, 'id', 'uint']]
const RunInfo = [[1, 'id', 'bytes'], [2, 'script', 'text'], [3, 'scriptVersion', 'uint'], [4, 'attempt', 'uint'],
  [5, 'startedBy', 'text'], [6, 'runsAs', 'text'], [7, 'parents', many('bytes')], [8, 'parameters', 'texts']]
const Start = [[1, 'run', RunInfo], [2, 'entryPoint', 'text'], [3, 'input', 'bytes'], [4, 'maxRequests', 'uint'], [5, 'maxPayloadBytes', 'uint']]
const RunError = [[1, 'message', 'text'], [4, 'reasons', many('text')]]
const Description = [[1, 'entryPoints', many('text')], [3, 'protocolVersion', 'uint'], [4, 'sdkVersion', 'text'],
  [5, 'parameterSchema', 'bytes'], [6, 'resultSchema', 'bytes']]
const HostMessage = [
  [1, 'start', Start],
  [2, 'response', [[1, 'id', 'uint'], [2, 'payload', 'bytes'], [3, 'error', ErrorMessage]]],
  [3, 'subscribed', Id],
  [4, 'event', [[1, 'id', 'uint'], [2, 'cursor', 'uint'], [3, 'payload', 'bytes']]],
  [5, 'subscriptionEnded', [[1, 'id', 'uint'], [2, 'error', ErrorMessage]]],
  [6, 'cancel', [[1, 'reason', ErrorMessage]]],
]
const ScriptMessage = [
  [1, 'request', [[1, 'id', 'uint'], [2, 'payload', 'bytes']]],
  [3, 'subscribe', [[1, 'id', 'uint'], [2, 'events', many('text')], [3, 'moduleId', 'text'], [4, 'after', 'uint'], [5, 'window', 'uint']]],
  [4, 'credit', [[1, 'id', 'uint'], [2, 'events', 'uint']]],
  [5, 'unsubscribe', Id],
  [7, 'finished', [[1, 'output', 'texts'], [3, 'failed', 'uint'], [4, 'errors', many(RunError)], [5, 'result', 'bytes']]],
]
const HealthCheckResponse = [[1, 'status', 'uint']]
const Pair = [[1, 'key', 'text'], [2, 'value', 'text']]

function varint(n) {
  const bytes = []
  for (n = BigInt(n); n > 0x7fn; n >>= 7n) bytes.push(Number(n & 0x7fn) | 0x80)
  return Buffer.from([...bytes, Number(n)])
}

function encode(fields, message) {
  const parts = []
  const add = (field, type, value) => {
    if (type === 'uint') return parts.push(varint(field << 3), varint(value))
    const b = Array.isArray(type) ? encode(type, value) : Buffer.from(value)
    parts.push(varint((field << 3) | 2), varint(b.length), b)
  }
  for (const [field, name, type] of fields) {
    const value = message[name]
    if (value === undefined) continue
    if (type === 'texts') Object.entries(value).forEach(([key, text]) => add(field, Pair, { key, value: text }))
    else if (type.many) value.forEach((item) => add(field, type.many, item))
    else add(field, type, value)
  }
  return Buffer.concat(parts)
}

// decode leaves out what it does not know. Numbers become bigints.
function decode(fields, b) {
  const empty = (type) => type === 'texts' ? {} : type.many ? [] : { uint: 0n, text: '', bytes: Buffer.alloc(0) }[type]
  const message = Object.fromEntries(fields.map(([, name, type]) => [name, empty(type)]))
  let at = 0
  const number = () => {
    let n = 0n
    for (let shift = 0n; ; shift += 7n) {
      const c = b[at++]
      n |= BigInt(c & 0x7f) << shift
      if (c < 0x80) return n
    }
  }
  const bytes = (length) => b.subarray(at, (at += length))
  const skip = { 1: () => bytes(8), 5: () => bytes(4) }
  const read = (wire) => wire === 0 ? number() : wire === 2 ? bytes(Number(number())) : skip[wire]()
  while (at < b.length) {
    const tag = Number(number())
    const raw = read(tag & 7)
    const known = fields.find(([field]) => field === tag >> 3)
    if (!known) continue
    const [, name, type] = known
    const value = (t) => Array.isArray(t) ? decode(t, raw) : t === 'text' ? raw.toString() : raw
    if (type === 'texts') {
      const pair = decode(Pair, raw)
      message[name][pair.key] = pair.value
    } else if (type.many) message[name].push(value(type.many))
    else message[name] = value(type)
  }
  return message
}

// ---- The session

class RequestError extends Error {
  constructor({ kind, reason, message }) {
    super(`${kind}: ${message}`)
    this.kind = kind
    this.reason = reason
  }
}

// Subscription is a stream of events. The daemon sends no more than its window
// before it has credit for more.
class Subscription {
  static window = 64
  #engine
  #waiting = []
  #events = []
  #taken = 0

  constructor(engine, id) {
    this.#engine = engine
    this.id = id
    this.begun = new Promise((resolve, reject) => Object.assign(this, { begin: resolve, refuse: reject }))
  }

  deliver(event) {
    this.#events.push(event)
    this.#waiting.shift()?.resolve()
  }

  end(error) {
    this.ended = error
    this.refuse(error)
    this.#waiting.splice(0).forEach(({ reject }) => reject(error))
  }

  // next waits for an event: its message, its name, and the cursor behind which a
  // later subscription goes on.
  async next() {
    if (this.#events.length === 0) {
      if (this.ended) throw this.ended
      await new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
    }
    const { cursor, payload } = this.#events.shift()
    if (++this.#taken === Subscription.window / 2) {
      this.#engine.write({ credit: { id: this.id, events: this.#taken } })
      this.#taken = 0
    }
    const [[name, message]] = unpack(payload)
    return { name, message, cursor }
  }

  close() {
    this.#engine.write({ unsubscribe: { id: this.id } })
  }
}

// Engine is what a run has to do with the daemon. It is an object for each run.
class Engine {
  #requests = new Map()
  #subscriptions = new Map()
  #lastId = 0n

  constructor(start, write) {
    this.run = start.run
    this.write = write
    this.output = {}
    this.cancelled = new AbortController()
  }

  // log writes to standard error at once, so that the line is there even if the
  // process ends with the next statement.
  log(level, text) {
    const line = { Time: new Date().toISOString(), Level: level, Text: text }
    if (shared) line.Run = this.run.id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
    fs.writeSync(2, '\x1e' + JSON.stringify(line) + '\n')
  }

  // send sends messages, each a pair of name and content, and returns what they
  // were answered with. At most start.maxRequests calls may wait at a time.
  send(...messages) {
    const id = ++this.#lastId
    const answer = new Promise((resolve, reject) => this.#requests.set(id, { resolve, reject }))
    this.write({ request: { id, payload: pack(messages) } })
    return answer
  }

  async subscribe(options) {
    const subscription = new Subscription(this, ++this.#lastId)
    this.#subscriptions.set(subscription.id, subscription)
    this.write({ subscribe: { id: subscription.id, window: Subscription.window, ...options } })
    await subscription.begun
    return subscription
  }

  // receive takes what the daemon sends; what it does not know it ignores.
  receive({ response, subscribed, event, subscriptionEnded, cancel }) {
    if (response) {
      const { resolve, reject } = this.#requests.get(response.id)
      this.#requests.delete(response.id)
      if (response.error) reject(new RequestError(response.error))
      else resolve(unpack(response.payload).map(([, message]) => message))
    }
    if (subscribed) this.#subscriptions.get(subscribed.id)?.begin()
    if (event) this.#subscriptions.get(event.id)?.deliver(event)
    if (subscriptionEnded) {
      const subscription = this.#subscriptions.get(subscriptionEnded.id)
      this.#subscriptions.delete(subscriptionEnded.id)
      subscription?.end(new RequestError(subscriptionEnded.error))
    }
    if (cancel) {
      const reason = new RequestError(cancel.reason)
      this.cancelled.abort(reason)
      this.#subscriptions.forEach((subscription) => subscription.end(reason))
    }
  }
}

// finish runs the script and returns what is sent last.
async function finish(engine, start) {
  try {
    const parameters = start.input.length > 0 ? JSON.parse(start.input) : {}
    const result = await run(engine, parameters)
    return { output: engine.output, result: JSON.stringify(result) }
  } catch (error) {
    engine.log('ERROR', error.stack)
    const reasons = error.reason ? [error.reason] : []
    return { output: engine.output, failed: 1, errors: [{ message: error.message, reasons }] }
  }
}

// ---- gRPC

const shared = process.env.DOMOVOI_SHARED === '1'
const unimplemented = 12
const failedPrecondition = 9
let running = 0

const methods = {
  '/grpc.health.v1.Health/Check': (call) => call.receive(() => {
    call.send(encode(HealthCheckResponse, { status: 1 }))
    call.end()
  }),
  '/domovoi.plugin.v1.Script/Describe': (call) => call.receive(() => {
    call.send(encode(Description, {
      entryPoints: ['Run'], protocolVersion: 1, sdkVersion: 'node ' + process.version,
      parameterSchema: JSON.stringify(parameterSchema), resultSchema: JSON.stringify(resultSchema),
    }))
    call.end()
  }),
  '/domovoi.plugin.v1.Script/Session': (call) => {
    if (running > 0 && !shared) return call.refuse(failedPrecondition, 'this process carries a run already')
    running++
    let engine
    call.receive((b) => {
      const message = decode(HostMessage, b)
      if (engine) return engine.receive(message)
      engine = new Engine(message.start, (m) => call.send(encode(ScriptMessage, m)))
      finish(engine, message.start).then((finished) => {
        running--
        engine.write({ finished })
        call.end()
      })
    })
  },
}

// serve makes a call of an HTTP/2 stream. In a stream each message has a byte in
// front that says whether it is compressed, which is never, and its length.
function serve(stream, headers) {
  stream.on('error', () => {}) // the daemon has given the call up
  const answer = { ':status': 200, 'content-type': 'application/grpc' }
  const method = methods[headers[':path']]
  const refuse = (code, message) =>
    stream.respond({ ...answer, 'grpc-status': String(code), 'grpc-message': message }, { endStream: true })
  if (!method) return refuse(unimplemented, 'there is no such method')
  const open = () => {
    if (stream.headersSent) return
    stream.respond(answer, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  }
  method({
    refuse,
    send(message) {
      if (stream.closed || stream.writableEnded) return
      open()
      const prefix = Buffer.alloc(5)
      prefix.writeUInt32BE(message.length, 1)
      stream.write(Buffer.concat([prefix, message]))
    },
    end: () => stream.end(),
    receive(take) {
      let chunks = Buffer.alloc(0)
      stream.on('data', (chunk) => {
        chunks = Buffer.concat([chunks, chunk])
        while (chunks.length >= 5 && chunks.length >= 5 + chunks.readUInt32BE(1)) {
          const end = 5 + chunks.readUInt32BE(1)
          take(chunks.subarray(5, end))
          chunks = chunks.subarray(end)
        }
      })
    },
  })
}

if (process.env.DOMOVOI_SCRIPT !== 'a38f1d0c-session') {
  console.error('This is a Domovoi plugin. To deploy it: domovoi plugin deploy hellojs plugin.js --manifest script.yaml')
  process.exit(2)
}
process.stdin.on('end', () => process.exit(1)).resume() // the daemon is gone
const socket = path.join(process.env.PLUGIN_UNIX_SOCKET_DIR, 'plugin')
http2.createServer().on('stream', serve).listen(socket, () => console.log(`1|1|unix|${socket}|grpc|`))

// The series of tests/interop/harness/pattern.py.
"use strict";

const PERIOD = 1021;

function block(seed, index, size) {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0 || 1;
  const out = Buffer.alloc(Math.min(size, PERIOD));
  for (let position = 0; position < out.length; position++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    out[position] = state >>> 24;
  }
  return out;
}

function message(kind, seed, index, size) {
  const period = block(seed, index, size);
  if (kind === "text") for (let i = 0; i < period.length; i++) period[i] = 97 + (period[i] % 26);
  const body = size ? Buffer.alloc(size, period) : Buffer.alloc(0);
  if (kind === "text") {
    if (size >= 8) body.write(index.toString(16).padStart(8, "0"), 0, "latin1");
    return body.toString("latin1");
  }
  if (size >= 8) body.writeBigUInt64BE(BigInt(index), 0);
  return body;
}

function indexOf(data) {
  if (typeof data === "string") return parseInt(data.slice(0, 8), 16);
  return data.length >= 8 ? Number(data.readBigUInt64BE(0)) : -1;
}

module.exports = { message, indexOf };

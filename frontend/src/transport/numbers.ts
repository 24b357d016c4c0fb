// Numbers as they travel: arrays as bytes of little-endian float64, NaN and ∞ by name. Twin of backlit/lab/talk/wire.py.

import type { Floats } from "../protocol";

type Buffers = readonly (DataView | ArrayBuffer)[];

/** Put real arrays and numbers where a message has their spelling. */
export function decode(value: unknown, buffers: Buffers = []): unknown {
  if (Array.isArray(value)) return value.map((part) => decode(part, buffers));
  if (value === null || typeof value !== "object") return value;
  const fields = value as Record<string, unknown>;
  if ("$number" in fields) return Number(fields.$number);
  if ("$array" in fields) return array(fields, buffers);
  for (const key of Object.keys(fields)) fields[key] = decode(fields[key], buffers);
  return fields;
}

function array(fields: Record<string, unknown>, buffers: Buffers): Floats {
  const shape = fields.$array as number[];
  if (typeof fields.base64 === "string") {
    const text = atob(fields.base64);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return { shape, values: floats(bytes) };
  }
  const buffer = buffers[fields.buffer as number];
  const bytes =
    buffer instanceof ArrayBuffer
      ? new Uint8Array(buffer)
      : new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  return { shape, values: floats(bytes) };
}

function floats(bytes: Uint8Array): Float64Array {
  // a view of a buffer may begin anywhere, a Float64Array may not
  return new Float64Array(bytes.slice().buffer);
}

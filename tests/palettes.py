"""Pictures of pages with a palette: half as large as a browser writes them, and the same to the eye."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path
from typing import Any, Final

# Exact for the 256 colours most in use, where a vivid one counts for more: it stands for a state. What is left, the seams of letters and curves, takes the nearest of them.
_INDEX: Final = """async (data) => {
  const image = await createImageBitmap(await (await fetch(data)).blob())
  const canvas = new OffscreenCanvas(image.width, image.height)
  const context = canvas.getContext('2d', { willReadFrequently: true })
  context.drawImage(image, 0, 0)
  const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer)
  const counts = new Map()
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1)
  const parts = (colour) => [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255]
  const vivid = (colour) => Math.max(...parts(colour)) - Math.min(...parts(colour))
  const weight = new Map([...counts].map(([colour, count]) => [colour, count * (1 + vivid(colour) / 6)]))
  const palette = [...counts.keys()].sort((a, b) => weight.get(b) - weight.get(a) || a - b).slice(0, 256)
  const places = new Map(palette.map((colour, place) => [colour, place]))
  const known = palette.map(parts)
  const nearest = (colour) => {
    const [r, g, b] = parts(colour)
    let best = 0
    let least = Infinity
    known.forEach(([x, y, z], place) => {
      const far = 2 * (r - x) ** 2 + 4 * (g - y) ** 2 + 3 * (b - z) ** 2
      if (far < least) { least = far; best = place }
    })
    places.set(colour, best)
    return best
  }
  const indices = new Uint8Array(pixels.length)
  pixels.forEach((pixel, at) => { indices[at] = places.get(pixel) ?? nearest(pixel) })
  let text = ''
  for (let at = 0; at < indices.length; at += 32768) {
    text += String.fromCharCode(...indices.subarray(at, at + 32768))
  }
  return { width: image.width, height: image.height, palette: known, indices: btoa(text) }
}"""


def shrink(page: Any, path: Path) -> None:
    """Write a picture again with a palette; `page` is any page that may run scripts and fetch data."""
    data = "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
    result = page.evaluate(_INDEX, data)
    width, height = result["width"], result["height"]
    indices = base64.b64decode(result["indices"])
    rows = b"".join(b"\0" + indices[at : at + width] for at in range(0, width * height, width))
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    colours = bytes(part for colour in result["palette"] for part in colour)
    chunks = ((b"IHDR", head), (b"PLTE", colours), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    written = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)
    if len(written) < path.stat().st_size:
        path.write_bytes(written)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

/** Pictures for the examples. */
import { crc32, deflateSync } from 'node:zlib';

/** A PNG of pixels row after row, each one byte of grey, or three of red, green and blue. */
export function png(width: number, height: number, pixels: Uint8Array): Buffer {
  const bytes = pixels.length / (width * height);
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8; // bits a channel; the rest says: deflate, no interlacing
  header[9] = bytes === 3 ? 2 : 0; // colour, or grey
  const row = width * bytes;
  const lines = Buffer.alloc(height * (row + 1)); // each row after a byte for "as it is"
  for (let y = 0; y < height; y++) lines.set(pixels.subarray(y * row, (y + 1) * row), y * (row + 1) + 1);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(lines)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

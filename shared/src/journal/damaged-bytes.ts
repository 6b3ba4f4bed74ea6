import fs from 'node:fs';
import path from 'node:path';
import { errorCode } from '../runtime/errors.ts';

/** Bytes kept of one damaged stretch; the rest stays in its segment until retention. */
export const maxSetAsideBytes = 1024 * 1024;
/** Damaged stretches kept; at the limit new ones are only counted, since the first ones tell most about the cause. */
export const maxSetAsideFiles = 100;

/** Copies damaged bytes to `damaged/{offset}.bin` for a person to look at. Returns false when it was not kept (there already, or at the limit). */
export async function setAsideDamage(dir: string, offset: number, bytes: Buffer): Promise<boolean> {
  const folder = path.join(dir, 'damaged');
  await fs.promises.mkdir(folder, { recursive: true });
  if ((await fs.promises.readdir(folder)).length >= maxSetAsideFiles) return false;
  try {
    await fs.promises.writeFile(
      path.join(folder, `${String(offset).padStart(20, '0')}.bin`),
      bytes.subarray(0, maxSetAsideBytes),
      { flag: 'wx' },
    );
    return true;
  } catch (thrown) {
    if (errorCode(thrown) === 'EEXIST') return false;
    throw thrown;
  }
}

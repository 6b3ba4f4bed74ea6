import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode, WaystationError } from './errors.ts';

/** Reads the installation's secret key (hex, 32 bytes), making it at first start, readable by its owner only. */
export function loadSecretKey(file: string): Buffer {
  try {
    const fresh = randomBytes(32).toString('hex');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${fresh}\n`, { flag: 'wx', mode: 0o600 });
    chmodSync(file, 0o600);
  } catch (thrown) {
    if (errorCode(thrown) !== 'EEXIST') {
      throw new WaystationError({
        code: 'secret_key_unwritable',
        message: `Cannot make SECRET_KEY_FILE ${file}.`,
        fix: 'Give a folder that can be written to.',
        cause: thrown,
      });
    }
  }
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
  if (key.length < 32) {
    throw new WaystationError({
      code: 'secret_key_invalid',
      message: `SECRET_KEY_FILE ${file} does not hold 32 bytes in hex.`,
      fix: 'Restore it from a backup, or remove it to make a new one.',
    });
  }
  return key;
}

/** The password with which one of our services logs in at the broker (`service:NAME`). */
export function serviceSecret(key: Buffer, service: string): string {
  return createHmac('sha256', key).update(`service:${service}`).digest('base64url');
}

/** A new device secret: 160 random bits, in an alphabet that can be typed. */
export function generateSecret(): string {
  return randomBytes(20).toString('base64url');
}

export interface SecretHash {
  readonly salt: string;
  readonly hash: string;
}

/** Salted SHA-256 of a generated secret (DESIGN 4: a password hash would stall 10,000 reconnects). */
export function hashSecret(secret: string, salt: string = randomBytes(16).toString('base64url')): SecretHash {
  return { salt, hash: createHash('sha256').update(salt).update('\0').update(secret).digest('base64url') };
}

/** Constant-time comparison of a secret with its stored hash. */
export function secretMatches(secret: string | Buffer, stored: SecretHash): boolean {
  const given = createHash('sha256').update(stored.salt).update('\0').update(secret).digest();
  const known = Buffer.from(stored.hash, 'base64url');
  return given.length === known.length && timingSafeEqual(given, known);
}

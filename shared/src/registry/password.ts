import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** Cost of a password hash: 32 MiB and some 60 ms, off the main thread. */
const cost = { N: 2 ** 15, r: 8, p: 1 };
const hashBytes = 32;
const maxMemoryBytes = 128 * 1024 * 1024;

/** Hashes a person's password as `scrypt$N$r$p$salt$hash` (base64url). */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, hashBytes, cost);
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

/** Compares a password with a stored hash in constant time; false for a stored text of another form. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const match = /^scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([\w-]+)\$([\w-]+)$/.exec(stored);
  if (match === null) return false;
  const [, N, r, p, salt, hash] = match as unknown as [string, string, string, string, string, string];
  const known = Buffer.from(hash, 'base64url');
  const parameters = { N: Number(N), r: Number(r), p: Number(p) };
  const given = await derive(password, Buffer.from(salt, 'base64url'), known.length, parameters);
  return timingSafeEqual(given, known);
}

function derive(password: string, salt: Buffer, bytes: number, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // The same password typed on two systems may arrive composed or decomposed.
    scrypt(password.normalize('NFKC'), salt, bytes, { ...options, maxmem: maxMemoryBytes }, (fault, key) =>
      fault === null ? resolve(key) : reject(fault),
    );
  });
}

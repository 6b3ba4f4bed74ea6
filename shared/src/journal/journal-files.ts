import fs from 'node:fs';

type Done = (error: NodeJS.ErrnoException | null) => void;

/** The file calls of the writer's path. Production passes `diskFiles`; tests pass one that fails on purpose. */
export interface JournalFiles {
  open(path: string, flags: string): Promise<number>;
  /** May write fewer bytes than asked, as write(2) does on a full disk. */
  write(
    fd: number,
    bytes: Buffer,
    from: number,
    length: number,
    position: number,
    done: (error: NodeJS.ErrnoException | null, written: number) => void,
  ): void;
  fdatasync(fd: number, done: Done): void;
  truncate(fd: number, bytes: number): Promise<void>;
  /** One small positional write at 0 to the file of the durable mark. Throws. */
  publish(fd: number, bytes: Buffer): void;
}

export const diskFiles: JournalFiles = {
  open: (path, flags) =>
    new Promise((resolve, reject) => {
      fs.open(path, flags, 0o640, (error, fd) => (error === null ? resolve(fd) : reject(error)));
    }),
  write: (fd, bytes, from, length, position, done) => fs.write(fd, bytes, from, length, position, done),
  fdatasync: (fd, done) => fs.fdatasync(fd, done),
  truncate: (fd, bytes) =>
    new Promise((resolve, reject) => {
      fs.ftruncate(fd, bytes, (error) => (error === null ? resolve() : reject(error)));
    }),
  publish: (fd, bytes) => void fs.writeSync(fd, bytes, 0, bytes.length, 0),
};

/** `fdatasync` as a promise. */
export function synced(files: JournalFiles, fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    files.fdatasync(fd, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** Makes names that were added to or removed from `dir` survive a power cut. */
export async function syncFolder(dir: string): Promise<void> {
  const handle = await fs.promises.open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a small file so that after a crash the old or the new content is there, never a mixture. */
export async function replaceFile(path: string, content: string | Buffer): Promise<void> {
  const draft = `${path}.${process.pid}.draft`;
  await fs.promises.writeFile(draft, content, { flush: true });
  await fs.promises.rename(draft, path);
}

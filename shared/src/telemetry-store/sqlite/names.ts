import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Names remembered in memory per table; beyond it the oldest are looked up again. */
const maxRemembered = 400_000;

/** Small integers for names, made at first use. Use inside a transaction when a name may be new. */
export class NameIds {
  private readonly ids = new Map<string, number>();
  private readonly find: StatementSync;
  private readonly make: StatementSync;

  constructor(db: DatabaseSync, table: string, columns: readonly string[]) {
    const matches = columns.map((column) => `${column} = ?`).join(' AND ');
    this.find = db.prepare(`SELECT id FROM ${table} WHERE ${matches}`);
    this.make = db.prepare(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    );
  }

  id(...names: string[]): number {
    const key = names.length === 1 ? names[0]! : names.join('\0');
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    const found = this.find.get(...names)?.['id'] ?? this.make.run(...names).lastInsertRowid;
    const id = Number(found);
    if (this.ids.size >= maxRemembered) this.ids.delete(this.ids.keys().next().value!);
    this.ids.set(key, id);
    return id;
  }

  /** A transaction was rolled back: ids made in it are not there. */
  forget(): void {
    this.ids.clear();
  }
}

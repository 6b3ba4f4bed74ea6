/** What an error tells the operator: a stable code to branch on, a sentence, and the way out. */
export interface ErrorDetails {
  /** Stable, lower snake case, part of the interface: `journal_full`, `port_in_use`. */
  readonly code: string;
  /** One sentence a tired operator can act on. */
  readonly message: string;
  /** What to do about it, when the message does not already say so. */
  readonly fix?: string;
  readonly cause?: unknown;
  /** True when the same call may succeed later without a change by a person. */
  readonly retryable?: boolean;
}

/** The one error type of Waystation. Branch on `code`, never on the message. */
export class WaystationError extends Error {
  readonly code: string;
  readonly fix: string | undefined;
  readonly retryable: boolean;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'WaystationError';
    this.code = details.code;
    this.fix = details.fix;
    this.retryable = details.retryable ?? false;
  }

  /** Message and fix on one line, as it is shown on a terminal. */
  get line(): string {
    return this.fix === undefined ? this.message : `${this.message} ${this.fix}`;
  }
}

/** The text of anything that was thrown, on one line. */
export function errorLine(thrown: unknown): string {
  if (thrown instanceof WaystationError) return thrown.line;
  if (thrown instanceof Error) return thrown.message.replace(/\s+/g, ' ');
  return String(thrown);
}

/** The `code` of a Node or Waystation error, or `undefined`. */
export function errorCode(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

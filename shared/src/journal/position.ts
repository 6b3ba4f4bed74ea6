/** A place between two frames of a journal. Positions of different generations cannot be compared. */
export interface JournalPosition {
  /** Id of the journal's generation, 32 hex digits; a restore begins a new one. */
  readonly generation: string;
  /** Bytes since the journal's first frame, over all segments; always a frame boundary. */
  readonly offset: number;
}

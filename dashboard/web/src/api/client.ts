/** An answer that is no success: `code` is the API's, or `unreachable`. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, message: string) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** Asks our own origin; the session cookie goes along. @throws ApiError */
export async function call<T>(path: string, body?: unknown): Promise<T> {
  const post = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
  let response: Response;
  try {
    response = await fetch(path, body === undefined ? {} : post);
  } catch {
    throw new ApiError('unreachable', 0, 'unreachable');
  }
  const answer: unknown = await response.json().catch(() => ({}));
  if (response.ok) return answer as T;
  const { error } = answer as { error?: { code: string; message: string } };
  throw new ApiError(error?.code ?? 'unreachable', response.status, error?.message ?? response.statusText);
}

// Calls of the API: JSON in, JSON out, the contract's errors as exceptions.

export class ApiError extends Error {
  constructor(status, error) {
    super(error?.message ?? '');
    this.status = status; // 0: no answer at all
    this.code = error?.code ?? '';
  }
}

let csrf = '';
export const setCsrf = (token) => { csrf = token; };

/** One call. `wanted` lists statuses besides 2xx whose body is an answer and no error. */
export async function call(method, path, body, wanted = []) {
  const headers = { Accept: 'application/json', 'Accept-Language': 'fr' };
  if (method !== 'GET') headers['X-CSRF-Token'] = csrf;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let answer;
  try {
    answer = await fetch(`/api/v1${path}`, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store',
    });
  } catch {
    throw new ApiError(0);
  }
  const content = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok && !wanted.includes(answer.status)) throw new ApiError(answer.status, content?.error);
  return content;
}

export const get = (path, wanted) => call('GET', path, undefined, wanted);

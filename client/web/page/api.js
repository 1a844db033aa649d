// The calls. Failures are Problems: a sentence of the server's, its name and its fields.

const problem = (status, body) => Object.assign(new Error(body?.detail ?? (status ? `creel answered ${status}` : 'creel does not answer')), { status, body: body ?? {}, name: body?.type?.split(':').pop() ?? 'gone' });

async function call(path, { params, method = 'GET', body, signal, raw, headers = {} } = {}) {
	const query = new URLSearchParams(Object.entries(params ?? {}).filter(([, v]) => (v ?? '') !== ''));
	const answer = await fetch(path + (query.size ? `?${query}` : ''), {
		method, signal, headers: { ...headers, ...(method === 'GET' ? {} : { 'Creel-Page': '1', 'Content-Type': 'application/json' }) },
		body: body && JSON.stringify(body), cache: 'no-store', redirect: 'error',
	}).catch((error) => {
		throw aborted(error) ? error : problem(0);
	});
	if (answer.ok) return raw ? answer : answer.status === 204 ? null : answer.json();
	if (answer.status === 401) location.reload(); // where the server asks for the token
	throw problem(answer.status, await answer.json().catch(() => null));
}

export const get = (path, params, options) => call(path, { params, ...options });
export const counted = (filter, options) => get('/api/count', { filter }, options);
export const post = (path, body, options) => call(path, { method: 'POST', body, ...options });
export const remove = (path, body) => call(path, { method: 'DELETE', body });

/** What is left out of a body goes on from there; null: under this number is another one by now. */
export async function bodyPiece(d, part, from, attempt, most = 256 * 1024) {
	const answer = await call(`/api/deliveries/${d.id}/${part}/body`, {
		params: { attempt }, raw: true, headers: { Range: `bytes=${from}-${from + most - 1}`, 'If-Range': `"${d.event_id}-${part}${part === 'response' ? `-${d.response.attempt}` : ''}"` },
	});
	if (answer.status === 206) return answer.bytes();
	answer.body.cancel();
	return null;
}

export function latest() {
	let controller;
	return () => {
		controller?.abort();
		controller = new AbortController();
		return controller.signal;
	};
}
export const aborted = (error) => error?.name === 'AbortError';

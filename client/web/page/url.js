// What is shown, and the URL that says so: all state is in the address.

const NAMES = ['filter', 'order', 'tab', 'attempt', 'view', 'find', 'line', 'span', 'step', 'by', 'split', 'cols'];
const DEFAULTS = { order: 'new', tab: 'request', span: '24h', by: 'source', split: 'right' };

export function read(href = location.href) {
	const url = new URL(href, location.origin);
	const s = { view: 'list' };
	for (const name of NAMES) if (url.searchParams.get(name)) s[name === 'view' ? 'mode' : name] = url.searchParams.get(name);
	const [, head, a, b] = url.pathname.split('/').map(decodeURIComponent);
	if (head === 'd' && a) Object.assign(s, { view: b === 'edit' ? 'edit' : 'detail', id: a });
	else if (head === 'diff' && a && b) Object.assign(s, { view: 'diff', a, b });
	else if (/^(overview|export|help)$/.test(head)) s.view = head;
	return s;
}

export function write(s) {
	const path = { list: '/', detail: `/d/${s.id}`, edit: `/d/${s.id}/edit`, diff: `/diff/${s.a}/${s.b}` }[s.view] ?? `/${s.view}`;
	const query = new URLSearchParams();
	for (const name of NAMES) {
		const value = s[name === 'view' ? 'mode' : name];
		if (value && value !== DEFAULTS[name]) query.set(name, value);
	}
	return path + (query.size ? `?${query}`.replace(/%3A|%2C|%2F/g, decodeURIComponent) : '');
}

let pending, last = 0;
/** The user's steps are history's (`left`: where the view before was), the rest changes the URL at most 4 times a second. */
export function show(s, step) {
	clearTimeout(pending);
	const href = write(s);
	if (href === location.pathname + location.search) return;
	const { depth = 0, left = depth } = history.state ?? {};
	if (step) history.pushState({ depth: depth + 1, left: href.split('?')[0] === location.pathname ? left : depth }, '', href);
	else pending = setTimeout(() => {
		last = Date.now();
		history.replaceState(history.state, '', href);
	}, Math.max(0, last + 250 - Date.now()));
}

export const kept = {
	get(name, otherwise) {
		try {
			return JSON.parse(localStorage.getItem(`creel.${name}`)) ?? otherwise;
		} catch {
			return otherwise;
		}
	},
	set(name, value) {
		try {
			localStorage.setItem(`creel.${name}`, JSON.stringify(value));
		} catch { /* a browser without storage forgets it */ }
	},
};

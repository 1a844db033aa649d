// Deeds: replay, edit, copy.
import { $, SECRET, alarm, answered, back as backButton, button, check, complain, el, foot, form, gate, icon, link, many, number, outcomeNode, plain, region, say, swap, took } from './dom.js';
import { get, post, remove } from './api.js';
import { quoted } from './filter.js';
import { dialog, menu } from './keys.js';
import { list, redrawAll, rowOf, schedule } from './list.js';
import { go, open } from './main.js';

export const hooks = {};

export function run(name, d, anchor) {
	const why = hooks.lost();
	if (why && !/copy|diff/.test(name)) return alarm(why);
	({ replay: () => said(replay)(d.id), edit: () => go({ view: 'edit', id: d.id }), copy: () => copy(d, anchor), diff: () => diff(d), export: () => go({ view: 'export', find: d.id }), delete: () => erase([d.id]) })[name]?.();
}

/** A button says when creel cannot do what it is for. */
export function ready() {
	const why = hooks.lost();
	for (const b of document.querySelectorAll('#deed-edit, .det .p')) {
		b.ariaDisabled = why && 'true';
		b.title = why ?? (b.id === 'deed-replay' && !hooks.client().running ? 'sends from this page’s own process' : '');
	}
}

export function more(d, anchor) {
	menu(anchor, [['Diff', 'd', () => run('diff', d)], [list.marked.has(d.id) ? 'Unmark' : 'Mark', 'm', () => mark(d.id)], ['Export', 'x', () => run('export', d)], ['Delete', '', () => run('delete', d)]]);
}

const waiting = new Map(), began = new Map(); // own replays, by id
async function replay(id, change) {
	const r = await post('/api/replays', { delivery_id: Number(id), ...change });
	waiting.set(r.id, id);
	foot(`#${id} is sent again`);
	catchUp();
}

const HERE = /^(\d+$|(https?:\/\/)?(localhost|127\.|\[::1]))/, TO = 'Port or URL of this machine', toField = () => el('input', { id: 'edit-to', placeholder: 'where it went' });

/** Asks first; where that is wise, Cancel is what Enter does. */
function ask(title, body, label, action, wise) {
	const d = dialog(title, body, [el('button', { onclick: () => d.close(), autofocus: wise }, 'Cancel'), el('button.p', { onclick: () => (d.close(), said(action)()), autofocus: !wise }, label)]);
}

export async function replayMany(what, count) {
	const send = async () => {
		const r = await post('/api/replays', { ...what, confirm_count: count, resign: resign.checked, rate: Number(rate.value) || undefined, to: to.value.trim() || undefined });
		waiting.set(r.id, null);
		began.has(r.id) || onReplay(r);
	};
	const resign = check(), rate = el('input', { type: 'number', id: 'pace', min: 1, max: 10000, placeholder: 'as fast as it goes' }), to = toField(), { target } = hooks.client();
	ask(`Send ${many(count, 'delivery', 'deliveries')} again?`, [
		el('p', what.filter === undefined ? 'What is marked' : what.filter ? `All that match “${plain(what.filter)}”` : 'All', target ? ['. It goes to ', gate(target), HERE.test(target) ? '' : ', another machine'] : '', '.'), el('div.fields', el('label', TO, to), el('label', 'A second, at most', rate), el('label.inline', resign, ' Sign each anew')),
	], 'Send', send, count > 100);
}

export async function onReplay(r) {
	const strip = $('strip'), over = !/asked|running/.test(r.state);
	if (r.total > 1) {
		const now = Date.now() / 1000;
		if (!began.has(r.id)) began.set(r.id, now);
		const pace = r.sent / Math.max(0.1, now - began.get(r.id));
		strip.hidden = false;
		swap(strip, el('progress', { max: r.total, value: r.sent, label: 'Replay' }), `${number(r.sent)}/${number(r.total)} sent, ${number(r.ok)} ok, ${number(r.failed)} failed`, over || !r.sent ? '' : `, ${number(pace)}/s, ${number((r.total - r.sent) / pace)} s left`, r.trouble && `, ${plain(r.trouble)}`,
			over ? button('Close', () => (strip.hidden = true)) : button('Stop', () => remove(`/api/replays/${r.id}`).catch(complain)));
		if (over) waiting.delete(r.id), say(`${r.sent} of ${r.total} sent, ${r.failed} failed`);
		return;
	}
	if (!over || !waiting.has(r.id)) return;
	const from = waiting.get(r.id), to = r.result_ids[0];
	waiting.delete(r.id);
	if (!to) return alarm(`#${from}: ${r.trouble ?? 'it was not sent'}`);
	try {
		const d = await get(`/api/deliveries/${to}`), words = answered(d) ?? d.all_attempts.at(-1)?.error ?? d.outcome.text;
		foot(`#${from} → `, link(`/d/${to}`, () => open(to), `#${to}`), ': ', outcomeNode(d, plain(words, 80)), ` ${took(d.duration_ms)}`);
		say(`${from} replayed as ${to}: ${plain(words, 80)}, ${took(d.duration_ms)}`);
	} catch { /* deleted at once */ }
}

/** How they went unheard. */
export const catchUp = () => waiting.forEach((_, id) => get(`/api/replays/${id}`).then(onReplay, () => ($('strip').hidden = waiting.delete(id))));

const said = (f) => (...args) => f(...args).catch(complain);

export const mark = said(async (id, set = !list.marked.has(id)) => {
	await post(`/api/deliveries/${id}/tags`, { name: 'marked', set });
	list.marked[set ? 'add' : 'delete'](id);
	schedule();
});
export const label = said(async (d, what) => {
	const note = what === 'note', was = d.tags?.filter((t) => t !== 'marked') ?? [], text = prompt(note ? 'Note' : 'Tags, blanks between', note ? d.note ?? '' : was.join(' '));
	if (text === null) return;
	const tags = text.split(/[\s,]+/).filter(Boolean), send = (path, body) => post(`/api/deliveries/${d.id}/${path}`, body);
	if (note) await send('note', { text });
	else for (const name of new Set(was).symmetricDifference(new Set(tags))) await send('tags', { name, set: tags.includes(name) });
	Object.assign(rowOf(d.id) ?? {}, note ? { note: text } : { tags });
	redrawAll();
});
export const markAll = (ids, set = true) => Promise.all(ids.map((id) => mark(id, set)));

export async function copyText(text, what) {
	try {
		await navigator.clipboard.writeText(text);
		foot(`copied: ${what}`);
		say(`copied ${what}`);
	} catch {
		const area = el('textarea', { value: text, readonly: true, label: what });
		dialog('Copy this', el('div.fields', area));
		area.select();
	}
}

async function text(format, id) {
	const { url } = await post('/api/export', { ids: [Number(id)], format, redact: false, secrets: false });
	return (await get(url, null, { raw: true })).text();
}

const bodyOf = (id) => get(`/api/deliveries/${id}/request/body`, null, { raw: true });
export function copy(d, anchor = document.activeElement) {
	const body = async () => copyText(await (await bodyOf(d.id)).text(), 'body');
	const as = (format, what) => said(async () => copyText(await text(format, d.id), what));
	menu(anchor ?? $('grid'), [
		['As curl', 'c', as('curl', 'curl')], ['URL', 'u', as('url', 'URL')],
		['Body', 'b', said(body)], ['Header fields', 'h', () => copyText(d.request.headers.filter(([n, v]) => !SECRET.test(n) || d.request.shown?.has(v)).map(([n, v]) => `${n}: ${v}`).join('\n'), 'headers')],
		['Number', 'i', () => copyText(String(d.id), 'number')], ['Event id', 'e', () => copyText(d.event_id, 'event id')], ['As HAR', 'a', as('har', 'HAR')],
	]);
}

export async function diff(d) {
	if (list.marked.size === 2) {
		const [a, b] = [...list.marked].sort((x, y) => x - y);
		return go({ view: 'diff', a, b });
	}
	const kind = `${d.event_type ? 'event' : 'path'}:${quoted(d.event_type ?? d.path)}`;
	const before = await get('/api/deliveries', { filter: kind, before: d.id, limit: 1 }).catch(() => null);
	const a = before?.deliveries[0]?.id ?? d.replay_of;
	if (!a) alarm('there is no earlier delivery of this kind to compare with: mark two');
	else go({ view: 'diff', a, b: d.id });
}

export function erase(ids) {
	ask(`Delete ${ids.length === 1 ? `delivery ${ids[0]}` : many(ids.length, '', 'deliveries')} from the record?`, el('p', 'Nothing brings them back.'), 'Delete', async () => {
		await remove('/api/deliveries', { ids, confirm_count: ids.length });
		foot(`${number(ids.length)} deleted`);
	}, true);
}

/** The request as text areas; sent as it stands there, byte for byte. */
export async function edit(id, section, back) {
	const d = await get(`/api/deliveries/${id}`);
	const whole = await (await bodyOf(id)).bytes();
	let keep = whole.length > 1 << 20, body = '';
	try {
		body = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(whole);
	} catch {
		keep = true;
	}
	const before = `${d.method} ${d.target} HTTP/1.1\n${d.request.headers.map(([n, v]) => `${n}: ${v}`).join('\n')}`;
	const headArea = el('textarea', { id: 'edit-head', value: before, spellcheck: 'false', rows: 10 }), bodyArea = el('textarea', { id: 'edit-body', value: body, spellcheck: 'false', rows: 18 });
	const file = el('input', { type: 'file', id: 'edit-file' }), to = toField(), resign = check({ id: 'edit-resign' }), wrong = el('p.wrong', { role: 'alert', id: 'edit-wrong' }), changes = el('div', { id: 'edit-changes', 'aria-live': 'off' });
	const dirty = () => headArea.value !== before || (!keep && bodyArea.value !== body) || !!file.files[0];
	const diff = () => {
		const lines = (head, text) => new Set(`${head}\n\n${keep ? '' : text}`.split('\n')), was = lines(before, body), now = lines(headArea.value, bodyArea.value);
		const only = (a, b, sign) => [...a.difference(b)].slice(0, 50).map((l) => el(`div.l.${sign === '-' ? 'del' : 'add'}`, `${sign} `, plain(l, 400))), all = [only(was, now, '-'), only(now, was, '+')].flat();
		swap(changes, el('div.tree.diff', region('Changes'), all[0] ? all : el('div.l', ' nothing is changed')));
	};
	for (const area of [headArea, bodyArea]) area.oninput = diff;
	const leave = () => (!dirty() || confirm('Leave without sending?')) && back();
	const send = async () => {
		wrong.textContent = '';
		const content = new Blob([file.files[0] ?? (keep ? whole : bodyArea.value)]);
		const lines = (headArea.value.match(/[^\r\n]+/g) ?? []).map((l) => l.replace(/^(content-length:).*/i, `$1 ${content.size}`));
		headArea.value = lines.join('\n');
		try {
			await replay(id, { edited_base64: (await new Blob([`${headArea.value}\n\n`, content]).bytes()).toBase64(), resign: resign.checked, to: to.value.trim() || undefined });
			back();
		} catch ({ message }) {
			wrong.textContent = message;
			const bad = /^line (\d+)/.exec(message)?.[1] - 1;
			if (!lines[bad]) return;
			const at = lines.slice(0, bad).join('\n').length + !!bad;
			headArea.focus();
			headArea.setSelectionRange(at, at + lines[bad].length);
		}
	};
	const why = d.provider ? null : 'no provider is known, so that nothing can be signed';
	resign.disabled = !!why;
	section.hidden = false;
	swap(section, el('div.dh', el('h1', backButton(leave), el('span.id', `#${d.id}`), ' Edit and replay')),
		form(send, [icon('rp'), 'Send ', el('kbd', 'Ctrl+Enter')], [
			el('label', 'Request line and header fields', headArea), wrong,
			keep ? el('p', `The body (${number(whole.length)} bytes) is kept as it is, unless a file takes its place.`) : el('label', 'Body', bodyArea), el('label', 'Body from a file', file),
			el('label', TO, to), el('label.inline', resign, ' Sign anew', why && ` (${why})`)], button('Cancel', leave), changes));
	diff();
	headArea.setSelectionRange(0, 0);
	headArea.focus();
	return { dirty, leave };
}

// A body as what it is: JSON, form, parts, events, text, image, bytes. Long ones come piece by piece.
import { button, el, gate, goOn, guarded, number, plain, region, size } from './dom.js';
import { bodyPiece, get } from './api.js';
import * as json from './json.js';

const TREE_BY_ITSELF = 1 << 20, LINE_MOST = 4096, LINES_AT_ONCE = 600, TEXT_MOST = 8 << 20;

const header = (message, name) => message.headers.find(([n]) => n.toLowerCase() === name)?.[1]?.trim() ?? '';

const bytesOf = (message) => (message.body_base64 !== undefined ? Uint8Array.fromBase64(message.body_base64) : new TextEncoder().encode(message.body ?? ''));

const MAGIC = [[[0x89, 0x50, 0x4e, 0x47], 'PNG'], [[0xff, 0xd8, 0xff], 'JPEG'], [[0x47, 0x49, 0x46, 0x38], 'GIF'], [[0x42, 0x4d], 'BMP']];
function imageKind(b) {
	for (const [m, name] of MAGIC) if (m.every((c, i) => b[i] === c)) return name;
	const ascii = String.fromCharCode(...b.subarray(0, 12));
	return ascii.slice(8) === 'WEBP' ? 'WebP' : ascii.slice(4) === 'ftypavif' ? 'AVIF' : null;
}

function charset(message, b) {
	const named = /charset="?([\w-]+)/i.exec(header(message, 'content-type'))?.[1];
	if (named) return named;
	if (b[0] === 0xff && b[1] === 0xfe) return 'utf-16le';
	if (b[0] === 0xfe && b[1] === 0xff) return 'utf-16be';
	return 'utf-8';
}

function toText(b, name) {
	try {
		return { text: new TextDecoder(name, { fatal: true, ignoreBOM: true }).decode(b), name };
	} catch { /* not what it claims to be */ }
	if (b.subarray(0, 8192).filter((c) => c === 0).length) return null;
	return { text: new TextDecoder('iso-8859-1').decode(b), name: 'iso-8859-1', guessed: true };
}

/** What it is: { kind, label, text }. */
function sniff(message, b) {
	const type = header(message, 'content-type').toLowerCase();
	if (!b.length) return { kind: 'empty', label: 'empty' };
	const image = imageKind(b);
	if (image) return { kind: 'image', label: `${image} image` };
	const t = toText(b, charset(message, b));
	if (!t) return { kind: 'hex', label: 'binary' };
	const start = t.text.replace(/^\ufeff/, '').trimStart()[0];
	if (type.startsWith('application/x-www-form-urlencoded')) return { kind: 'form', label: 'form', ...t };
	if (type.startsWith('multipart/')) return { kind: 'multipart', label: 'multipart', ...t };
	if (type.startsWith('text/event-stream')) return { kind: 'events', label: 'server-sent events', ...t };
	if (start === '{' || start === '[' || type.includes('json')) return { kind: 'json', label: 'JSON', ...t };
	return { kind: 'text', label: /html|svg/.test(type) ? 'HTML' : /xml/.test(type) ? 'XML' : 'text', ...t, render: /html|svg/.test(type) };
}

export function marked(text, find) {
	if (!find) return gate(text);
	return el('span', text.split(new RegExp(`(${RegExp.escape(find)})`, 'gi')).map((t, i) => (i % 2 ? el('mark', gate(t)) : t && gate(t))));
}

function textView(text, state) {
	const box = el(`div.tree${state.wrap ? '.wrap' : ''}`, region('Body as text'));
	const lines = text.split('\n');
	let at = 0;
	const add = () => {
		const end = Math.min(lines.length, at + LINES_AT_ONCE);
		for (; at < end; at++) {
			const line = lines[at].replace(/\r$/, ''), cut = line.length > LINE_MOST;
			box.append(el('div.l', { 'data-line': at + 1 }, el('span.g', { hush: 'true' }, at + 1), el('span.x', marked(cut ? line.slice(0, LINE_MOST) : line, state.find)), cut ? el('span.esc', `${size(line.length - LINE_MOST)} more in this line`) : null));
		}
		goOn(box, lines.length - at, 'lines', add);
	};
	add();
	return box;
}

function hexView(b, from, state) {
	const width = state.width >= 1000 ? 32 : state.width && state.width < 480 ? 8 : 16, box = el('div.tree.hex', region('Body as bytes'));
	let at = 0;
	const add = () => {
		for (const end = Math.min(b.length, at + width * 400); at < end; at += width) {
			const row = b.subarray(at, at + width);
			let hex = '', text = '';
			for (let i = 0; i < width; i++) {
				hex += i < row.length ? `${row[i].toString(16).padStart(2, '0')} ` : '   ';
				if (i % 4 === 3) hex += ' ';
				if (i < row.length) text += row[i] >= 32 && row[i] < 127 ? String.fromCharCode(row[i]) : '·';
			}
			box.append(el('div.l', { 'data-offset': from + at }, el('span.ho', `${(from + at).toString(16).padStart(8, '0')}  `), hex, el('span.ht', text)));
		}
		goOn(box, b.length - at, 'bytes', add);
	};
	add();
	return box;
}

export function pairs(rows, find, label) {
	return el('dl', { label: label }, rows.map(([name, value]) => [el('dt', marked(name, find)), el('dd', marked(value, find))]));
}

const unform = (s) => {
	try {
		return decodeURIComponent(s.replaceAll('+', ' '));
	} catch {
		return s;
	}
};
export const formRows = (text) => text.split('&').filter(Boolean).map((p) => [unform(p.split('=')[0]), unform(p.split('=').slice(1).join('='))]);

function multipartView(message, b, state) {
	const raw = new TextDecoder('iso-8859-1').decode(b), boundary = /boundary="?([^";]+)/i.exec(header(message, 'content-type'))?.[1];
	if (!boundary) throw new Error('Content-Type names no boundary');
	const parts = raw.split(`--${boundary}`).slice(1).filter((p) => !p.startsWith('--')).slice(0, 200);
	return el('div', parts.map((p, i) => {
		const at = p.indexOf('\r\n\r\n'), head = p.slice(0, at).trim(), body = p.slice(at + 4).replace(/\r\n$/, '');
		const bytes = Uint8Array.from(body, (c) => c.charCodeAt(0)), t = toText(bytes, 'utf-8');
		return el('section', { label: `Part ${i + 1}` }, el('div.sec', el('h3', `Part ${i + 1}`), `${number(bytes.length)} bytes`),
			pairs(head.split('\r\n').map((l) => [l.split(':')[0], l.split(':').slice(1).join(':').trim()]), state.find), t ? textView(t.text.slice(0, 65536), state) : hexView(bytes.subarray(0, 65536), 0, state));
	}));
}

/** Three parts of a token, of which nobody has checked the signature. */
export function jwt(text) {
	const m = /\beyJ[\w-]+\.([\w-]+)\.[\w-]*/.exec(text);
	if (!m) return null;
	try {
		return m[0].split('.').slice(0, 2).map((p) => new TextDecoder().decode(Uint8Array.fromBase64(p, { alphabet: 'base64url' })));
	} catch {
		return null;
	}
}

/**
 * A body with its own line of controls. `state` ({ mode, find, wrap }) is kept by the caller; `change()` draws anew.
 * Gives { node, tree }.
 */
export function show(id, part, message, state, change, tools) {
	let b = bytesOf(message);
	const whole = message.body_bytes ?? b.length, coded = header(message, 'content-encoding');
	const holder = el('div', { class: 'col' }), out = { node: holder, tree: null };
	const draw = () => {
		const what = sniff(message, b), mode = state.mode === 'hex' ? 'hex' : state.mode === 'raw' ? 'raw' : state.mode === 'frame' && what.render ? 'frame' : 'tree';
		let tree = null;
		const body = guarded('This body', () => {
			if (what.kind === 'empty') return el('p.note', 'No body.');
			if (mode === 'hex' || (what.kind === 'hex' && mode === 'tree')) return hexView(b, 0, state);
			if (what.kind === 'image' && mode === 'tree') return el('img.body', { src: `/api/deliveries/${id}/${part}/body?view=image${state.attempt ? `&attempt=${state.attempt}` : ''}`, alt: `${what.label}, ${number(whole)} bytes` });
			if (mode === 'frame') return el('iframe.body', { sandbox: '', referrerpolicy: 'no-referrer', title: 'The body, rendered without its scripts', src: `/api/deliveries/${id}/${part}/body?view=frame` });
			if (mode === 'raw' || what.text === undefined) return what.text === undefined ? hexView(b, 0, state) : textView(what.text, state);
			if (what.kind === 'form') return pairs(formRows(what.text), state.find, 'Form fields');
			if (what.kind === 'multipart') return multipartView(message, b, state);
			if (what.kind === 'json') {
				if (b.length > TREE_BY_ITSELF && !state.big) {
					return el('div', el('p.note', `${size(b.length)}: `, button('Lay it out', () => ((state.big = true), draw()))), textView(what.text, state));
				}
				try {
					tree = json.tree(what.text, { mark: (t) => marked(t, state.find), ...tools });
					return tree.node;
				} catch (error) {
					if (b.length < whole) return textView(what.text, state);
					return el('div', el('p.note.wrong', `Not JSON: ${plain(error.message)}.`), textView(what.text, state));
				}
			}
			return textView(what.text, state);
		}, button('Raw', () => ((state.mode = 'raw'), change())));
		out.tree = tree;
		const hits = state.find && what.text !== undefined ? [...what.text.matchAll(new RegExp(RegExp.escape(state.find), 'gi'))].length : 0;
		const seg = (name, label) => el('button', { pressed: mode === name, onclick: () => ((state.mode = name === 'tree' ? '' : name), change()) }, label);
		const find = el('input.find', { type: 'search', placeholder: 'Search', label: `Search in the ${part}'s body`, value: state.find ?? '', onchange: (e) => ((state.find = e.target.value), change()) });
		const label = what.kind === 'json' && tree ? `JSON, ${number(tree.lines)} lines` : `${what.label}, ${number(whole)} bytes`;
		holder.replaceChildren(
			el('div.sec', el('h2', 'Body'), el('span', label, what.guessed ? `, read as ${what.name}` : what.name && what.name !== 'utf-8' ? `, ${plain(what.name, 30)}` : ''),
				coded && !state.decoded ? button(`Decode ${plain(coded, 30)}`, decode) : null,
				el('span.end', find, state.find ? el('span', { 'aria-live': 'polite' }, `${number(hits)} hits`) : null,
					el('span.seg', { role: 'group', label: 'How the body is shown' }, seg('tree', what.kind === 'json' ? 'Tree' : what.kind === 'image' ? 'Image' : 'Shown'), seg('raw', 'Raw'), seg('hex', 'Hex'), what.render ? seg('frame', 'Render') : null))),
			body,
			b.length < whole ? el('p.note', `shown ${size(b.length)} of ${size(whole)}, `, button('load more', load), ' ', el('a', { href: `/api/deliveries/${id}/${part}/body?download=1` }, 'all of it as a file')) : '');
	};
	async function load() {
		const piece = await bodyPiece(id, part, b.length, state.attempt);
		const more = new Uint8Array(b.length + piece.bytes.length);
		more.set(b);
		more.set(piece.bytes, b.length);
		b = more;
		if (b.length > TEXT_MOST) state.mode = 'hex';
		draw();
	}
	async function decode() {
		const answer = await get(`/api/deliveries/${id}/${part}/body`, { decode: 1, attempt: state.attempt }, { raw: true });
		b = new Uint8Array(await answer.arrayBuffer());
		state.decoded = true;
		draw();
	}
	draw();
	return out;
}

// A body as what it is: a tree of JSON, an image, bytes, or lines of the server's.
import { button, clamp, el, gate, goOn, guarded, halt, highlight, near, number, plain, region, select, size, swap, trouble, word } from './dom.js';
import { bodyPiece, get } from './api.js';
import * as json from './json.js';

const TREE_BY_ITSELF = 1 << 20, LINE_MOST = 4096, LINES_AT_ONCE = 600, TEXT_MOST = 8 << 20;

const header = (message, name) => message.headers.find(([n]) => n.toLowerCase() === name)?.[1]?.trim() ?? '';

const bytesOf = (message) => (message.body_base64 !== undefined ? Uint8Array.fromBase64(message.body_base64) : new TextEncoder().encode(message.body ?? ''));

const charset = (message, b) => /charset="?([\w-]+)/i.exec(header(message, 'content-type'))?.[1] ?? { '255,254': 'utf-16le', '254,255': 'utf-16be' }[b.subarray(0, 2)] ?? 'utf-8';

const SETS = 'utf-8 utf-16le utf-16be iso-8859-1 iso-8859-2 windows-1251 koi8-r shift_jis euc-jp euc-kr gb18030 big5'.split(' ');
function toText(b, name, chosen) {
	try {
		return { text: new TextDecoder(chosen || name, { fatal: !chosen, ignoreBOM: true }).decode(b), name };
	} catch { /* not what it claims to be */ }
	if (b.subarray(0, 8192).includes(0)) return null;
	return { text: new TextDecoder('iso-8859-1').decode(b), name: 'iso-8859-1' };
}

function sniff(message, b, chosen) {
	const type = header(message, 'content-type').toLowerCase();
	if (!b.length) return { kind: 'empty', label: 'empty' };
	if (message.image) return { kind: 'image', label: `${message.image} image` };
	const t = toText(b, charset(message, b), chosen), start = t?.text.replace(/^\ufeff/, '').trimStart()[0];
	if (t && (start === '{' || start === '[' || type.includes('json'))) return { kind: 'json', label: 'JSON', ...t };
	return { kind: 'read', label: t ? 'text' : 'binary', ...t, render: /html|svg/.test(type) };
}

const finder = (text) => new RegExp(`(${RegExp.escape(text)})`, 'gi');
function marked(text, find) {
	if (!find) return gate(text);
	return el('span', text.split(finder(find)).map((t, i) => (i % 2 ? el('mark', gate(t)) : t && gate(t))));
}

function placed(box, state) {
	if (state.line && state.went !== state.line) requestAnimationFrame(() => box.goTo(Number((state.went = state.line)) || 0));
	return box;
}

const ROLES = { name: '.jk', string: '.js', number: '.jn', escape: '.esc', title: '.jl', ours: '.ow', dim: '.ow' };
/** A line is a text, or pieces with the server's roles. */
function linesView(lines, state) {
	const box = el('div.tree', region(`${state.part} as text`));
	let at = 0;
	const pieces = (line) => {
		if (typeof line !== 'string') return line.map(([role, text]) => el(`span${ROLES[role] ?? ''}`, marked(text, state.find)));
		const cut = line.length - LINE_MOST;
		return [marked((cut > 0 ? line.slice(0, LINE_MOST) : line).replace(/\r$/, ''), state.find), cut > 0 && el('span.esc', `${size(cut)} more in this line`)];
	};
	const add = () => {
		for (const end = Math.min(lines.length, at + LINES_AT_ONCE); at < end; at++) box.append(el('div.l', el('span.g', { hush: 'true' }, at + 1), el('span.x', pieces(lines[at]))));
		goOn(box, lines.length - at, 'lines', add);
	};
	add();
	box.goTo = (line) => {
		while (at < lines.length && at < line) add();
		const node = box.children[Math.min(line, at) - 1];
		box.querySelector('.cur')?.classList.remove('cur');
		node?.classList.add('cur');
		near(node);
	};
	box.onclick = ({ target: { className, textContent: n } }) => className === 'g' && (box.goTo(n), state.onLine(n));
	return placed(box, state);
}
const textView = (text, state) => linesView(text.split('\n'), state);

/** Forms, events, markup, other charsets and more, as the server's lines. */
function readable(url, attempt, state, label) {
	const box = el('div.col');
	get(url, { attempt, view: 'text' }).then((d) => {
		const at = /^invalid.* line (\d+)/.exec(d.about)?.[1];
		word(label, at ? d.lines.shift()[0][1] : d.about);
		const view = linesView(d.lines, state);
		view.goTo(at);
		swap(box, view, d.more && el('p.note', 'Raw has further lines.'));
	}).catch((error) => swap(box, trouble(error)));
	return box;
}

const hex2 = (c) => c.toString(16).padStart(2, '0');
function hexView(b, state) {
	const width = state.width >= 1000 ? 32 : state.width && state.width < 480 ? 8 : 16, box = el('div.tree.hex', region(`${state.part} as bytes`));
	let at = 0;
	const add = () => {
		for (const end = Math.min(b.length, at + width * 400); at < end; at += width) {
			const row = b.subarray(at, at + width), hex = Array.from({ length: width }, (_, i) => (i < row.length ? hex2(row[i]) : '  ') + (i % 4 === 3 ? '  ' : ' '));
			box.append(el('div.l', { 'data-offset': at }, el('span.ho', `${at.toString(16).padStart(8, '0')}  `), el('span.hb', hex.join('')), el('span.ht', String.fromCharCode(...row).replace(/[^ -~]/g, '·'))));
		}
		goOn(box, b.length - at, 'bytes', add);
	};
	add();

	// What is pointed at or chosen is marked in both columns, copied from where it began.
	const column = (i) => 3 * i + (i >> 2);
	let first = null, last = null, inText = false;
	const byteAt = ({ clientX, clientY }) => {
		const row = box.firstChild, [, hex, text] = [...row.children].map((n) => n.getBoundingClientRect()), bytes = clientX < text.left;
		const c = ~~(((clientX - (bytes ? hex : text).left) / hex.width) * column(width)), i = bytes ? 4 * ~~(c / 13) + Math.min(3, ~~((c % 13) / 3)) : c;
		return clamp(clamp(~~((clientY - hex.top) / row.offsetHeight), Math.ceil(at / width) - 1) * width + clamp(i, width - 1), b.length - 1);
	};
	const mark = (a, z) => {
		const both = [];
		for (let from = a - (a % width); from <= z && from < at; from += width) {
			const [, hex, text] = box.children[from / width].children, s = Math.max(a, from) - from, e = Math.min(z, from + width - 1, b.length - 1) - from;
			both.push([hex.firstChild, column(s), column(e) + 2], [text.firstChild, s, e + 1]);
		}
		highlight('bytes', both);
	};
	const choose = (a, z) => {
		[first, last] = [a, z];
		mark(Math.min(a, z), Math.max(a, z));
		near(box.children[~~(z / width)]);
	};
	box.onpointerdown = (e) => {
		if (e.button || !e.target.matches('.hb, .ht')) return;
		inText = e.target.matches('.ht');
		const i = byteAt(e);
		state.onLine(i);
		choose(e.shiftKey && first !== null ? first : i, i);
		box.setPointerCapture(e.pointerId);
		box.focus({ preventScroll: true });
		halt(e);
	};
	box.onpointermove = (e) => {
		if (box.hasPointerCapture(e.pointerId)) choose(first, byteAt(e));
		else if (first === null && e.target.matches('.hb, .ht')) {
			const i = byteAt(e);
			mark(i, i);
		}
	};
	box.onkeydown = (e) => {
		const d = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: width, ArrowUp: -width }[e.key];
		if (!d || e.ctrlKey || e.metaKey) return;
		const to = last === null ? 0 : clamp(last + d, b.length - 1);
		box.goTo(to, e.shiftKey && first !== null ? first : to);
		halt(e);
	};
	box.oncopy = (e) => {
		if (first === null) return;
		const part = b.subarray(Math.min(first, last), Math.max(first, last) + 1);
		e.clipboardData.setData('text/plain', inText ? new TextDecoder().decode(part) : Array.from(part, hex2).join(' '));
		halt(e);
	};
	box.goTo = (to, from = to) => {
		while (at < b.length && at <= to) add();
		choose(from, clamp(to, b.length - 1));
	};
	return placed(box, state);
}

/** Three parts of a token, of which nobody has checked the signature. */
export function jwt(text) {
	try {
		return /\beyJ[\w-]+\.([\w-]+)\.[\w-]*/.exec(text)[0].split('.').slice(0, 2).map((p) => new TextDecoder().decode(Uint8Array.fromBase64(p, { alphabet: 'base64url' })));
	} catch {
		return null;
	}
}

/** With its line of controls. The caller keeps `state` ({ mode, find, attempt, width }, and what was read);
 * `change({ mode, find })` draws again. Gives { node, tree }. */
export function show(d, part, message, state, change, tools) {
	const url = `/api/deliveries/${d.id}/${part}/body`, { attempt } = state, coded = header(message, 'content-encoding');
	state.bytes ??= bytesOf(message);
	const holder = el('div.col'), out = { node: holder };
	const draw = () => {
		const b = state.bytes, whole = state.decoded ? b.length : message.body_bytes ?? b.length;
		const what = sniff(message, b, state.charset), mode = ['raw', 'hex', what.render && 'frame'].find((m) => m === state.mode) || 'tree';
		const about = `${what.label}, ${number(whole)} bytes`, label = el('span', about);
		let tree, further = el('span');
		const body = guarded('This body', () => {
			if (what.kind === 'empty') return el('p.note', 'No body.');
			if (mode === 'hex' || (mode === 'raw' && what.text === undefined)) return hexView(b, state);
			if (mode === 'raw') return textView(what.text, state);
			if (mode === 'frame') return el('iframe.body', { sandbox: '', referrerpolicy: 'no-referrer', title: 'The body without its scripts', src: `${url}?view=frame` });
			if (what.kind === 'image') {
				return el('img.body', { src: `${url}?view=image${attempt ? `&attempt=${attempt}` : ''}`, alt: about, onerror: (e) => e.target.replaceWith(hexView(b, state)),
					onload: ({ target: i }) => word(label, `${what.label}, ${i.naturalWidth} x ${i.naturalHeight}, ${number(whole)} bytes`) });
			}
			if (what.kind === 'json' && whole <= TEXT_MOST) {
				if (whole > TREE_BY_ITSELF && !state.big) {
					return el('div.col', el('p.note', `${size(whole)}: `, button('Lay it out', () => ((state.big = true), draw()))), textView(what.text, state));
				}
				if (b.length < whole && !state.all) {
					load((state.all = true), whole).catch(draw);
					return '';
				}
				try {
					tree = json.tree(what.text, { mark: (t) => marked(t, state.find), ...tools });
					word(label, `JSON, ${number(tree.lines)} lines`);
					return placed(tree.node, state);
				} catch { /* JSON lines, or not JSON: the server says which, and where */ }
			}
			return state.charset ? textView(what.text, state) : readable(url, attempt, state, label);
		}, button('Raw', () => change({ mode: 'raw' })));
		out.tree = tree;
		const hits = state.find && what.text ? what.text.split(finder(state.find)).length >> 1 : 0;
		const seg = (name, text) => el('button', { pressed: mode === name, onclick: () => change({ mode: name === 'tree' ? '' : name }) }, text);
		const find = el('input.find', { type: 'search', placeholder: 'Search', label: `Search in the ${part}'s body`, value: state.find ?? '', onchange: (e) => change({ find: e.target.value }) });
		swap(holder,
			el('div.sec', el('h2', 'Body'), label, el('span', state.decoded && `${plain(coded, 30)} undone, ${state.decoded}`),
				/read|json/.test(what.kind) && select({ label: 'Character set' }, [['', `auto: ${plain(what.name ?? 'binary', 30)}`], ...SETS.map((s) => [s, s])], state.charset, (s) => ((state.charset = s), draw())),
				el('span.end', find, state.find && el('span.hits', { 'aria-live': 'polite' }, `${number(hits)} hits`),
					el('span.seg', { role: 'group', label: 'How it is shown' }, seg('tree', what.kind === 'json' ? 'Tree' : what.kind === 'image' ? 'Image' : 'Shown'), seg('raw', 'Raw'), seg('hex', 'Hex'), what.render && seg('frame', 'Render')))),
			body,
			b.length < whole && !body.src && el('p.note', `shown ${size(b.length)} of ${size(whole)}, `, button('load more', load), ' ', el('a', { href: `${url}?download=1` }, 'all of it as a file'), ' ', further));
		if (b.length < whole && state.find) {
			get(`/api/deliveries/${d.id}/find`, { part, text: state.find, attempt }).then(({ offsets }) => {
				const { length, 0: next } = offsets.filter((o) => o >= b.length);
				if (length) further.append(button(`${length} hits further on`, () => load(0, next - b.length + 4096)));
			}, () => {});
		}
	};
	async function load(event, most) {
		const piece = await bodyPiece(d, part, state.bytes.length, attempt, most);
		if (!piece) return tools.onOther();
		state.bytes = await new Blob([state.bytes, piece]).bytes();
		if (state.bytes.length > TEXT_MOST) state.mode = 'hex';
		draw();
	}
	draw();
	if (coded && state.bytes.length && state.decoded === undefined) {
		state.decoded = false; // asked for once
		get(url, { decode: 1, attempt }, { raw: true }).then(async (a) => {
			Object.assign(state, { bytes: await a.bytes(), decoded: a.headers.get('creel-decoded') });
			change();
		}).catch(() => {});
	}
	return out;
}

// JSON as it came: lexemes, order and doubled keys stay.
import { button, clamp, el, goOn, halt, many, near, size, swap } from './dom.js';

const DEPTH = 512;

const TOKEN = /[ \t\r\n]*([{}\[\],:]|"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|)/ys;
const kindOf = (c) => (c === '"' ? 'string' : /[-\d]/.test(c) ? 'number' : /[tfn]/.test(c) ? 'literal' : '');

/** Lines as they are laid out: { depth, key, kind, text, open, end, path, comma, again }. */
function layOut(text) {
	const lines = [], stack = [];
	let at = text.charCodeAt(0) === 0xfeff ? 1 : 0, start, lex;
	const next = () => {
		TOKEN.lastIndex = at;
		[, lex] = TOKEN.exec(text);
		at = TOKEN.lastIndex;
		start = at - lex.length;
	};
	const wrong = () => {
		throw new Error('not JSON'); // the server says what is wrong, and where
	};
	next();
	for (;;) {
		const where = stack.at(-1);
		let key = null, path = where?.line.path ?? '';
		if (where?.shut === '}') {
			if (lex[0] !== '"') wrong();
			key = lex;
			const word = key.slice(1, -1);
			path += /^[\w$-]+$/.test(word) ? `${path && '.'}${word}` : `[${key}]`;
			next();
			if (lex !== ':') wrong();
			next();
		} else if (where) path += `[${where.n}]`;
		const line = { depth: stack.length, key, path, again: key !== null && where.keys.has(key), text: lex, kind: kindOf(lex.charAt(0)), within: where?.line };
		if (where) line.nth = ++where.n, where.keys.add(key);
		lines.push(line);
		if (lex === '{' || lex === '[') {
			if (stack.length >= DEPTH) wrong();
			Object.assign(line, { kind: 'open', open: true, at: start });
			stack.push({ shut: lex === '{' ? '}' : ']', line, n: 0, keys: new Set() });
			next();
			if (lex !== stack.at(-1).shut) continue;
		} else if (line.kind) next();
		else wrong();
		for (;;) {
			const { shut, line: open, n } = stack.at(-1) ?? {};
			if (!open && start === text.length) return lines;
			if (!open) wrong();
			if (lex === ',') {
				lines.at(-1).comma = true;
				next();
				break;
			}
			if (lex !== shut) wrong();
			stack.pop();
			Object.assign(open, { members: n, bytes: at - open.at }, n ? { end: lines.length } : { empty: open.text + shut });
			if (n) lines.push({ depth: stack.length, kind: 'close', text: shut, path: open.path });
			next();
		}
	}
}

const HIDDEN = { hush: 'true' };
const CLASS = { string: 'js', number: 'jn', literal: 'jl', open: 'jp', close: 'jp' };

export function tree(text, tools) {
	const lines = layOut(text), folded = new Set(), box = el('div.tree', { role: 'tree', label: 'Body as JSON', tabindex: 0 });
	let limit = 60, current = 0, chosen; // what is seen first; the others come when that is painted
	const visible = () => {
		const out = [];
		for (let i = 0; i < lines.length; i++) {
			out.push(i);
			if (folded.has(i) && lines[i].end) i = lines[i].end;
		}
		return out;
	};
	const toggle = (i) => {
		if (!lines[i].end) return;
		if (!folded.delete(i)) folded.add(i);
		draw();
	};
	const nodeOf = (i) => {
		const l = lines[i], shut = folded.has(i), can = l.open && l.end, dim = (t) => el('span.jp', t), part = (kind, t) => Object.assign(tools.mark(t), { className: kind });
		const value = el('span.x', l.key && [part('jk', l.key), dim(': ')], l.again && [el('span.esc', 'again'), ' '],
			l.empty ? dim(l.empty) : shut ? dim(`${l.text} ${many(l.members, l.text === '{' ? 'key' : 'item')}, ${size(l.bytes)} ${lines[l.end].text}`) : part(CLASS[l.kind], l.text),
			(shut ? lines[l.end] : l).comma && dim(','));
		return el(`div.l${i === chosen ? '.cur' : ''}`, {
			role: 'treeitem', 'aria-level': l.depth + 1, 'aria-posinset': l.nth, 'aria-setsize': l.within?.members, 'aria-expanded': can ? !shut : null, 'aria-selected': i === chosen, id: `json-${i}`, 'data-line': i + 1,
		}, el('span.g', HIDDEN, i + 1),
		el('span.a', HIDDEN, can ? (shut ? '▸' : '▾') : ' '), l.depth > 0 && el('span.in', { ...HIDDEN, style: { '--depth': l.depth } }), value);
	};
	box.onclick = ({ target }) => {
		const node = target.closest('.l'), i = node?.dataset.line - 1;
		if (target.className === 'a') toggle(i);
		else if (lines[i] && lines[i].kind !== 'close') go(i, node);
	};
	box.onpointerover = ({ target }) => {
		const node = target.closest('.l');
		if (lines[node?.dataset.line - 1]?.kind !== 'close') offer(node);
	};
	const offer = (node) => node?.querySelector('.on') ?? node?.append(buttons(node.dataset.line - 1));
	const buttons = (i) => {
		const l = lines[i];
		return el('span.on',
			button('Copy value', () => tools.onCopyValue(valueOf(l))), button('Copy path', () => tools.onCopyPath(l.path)),
			l.open || !l.path ? null : button('Filter by this', () => tools.onFilter(l.path, l.text)));
	};
	const valueOf = ({ open, at, bytes, kind, text: lexeme }) => (open ? text.slice(at, at + bytes) : kind === 'string' ? unquoted(lexeme) : lexeme);
	const go = (i, node) => {
		const choose = (n, on) => {
			n?.classList.toggle('cur', on);
			n?.setAttribute('aria-selected', on);
		};
		choose(box.querySelector('.cur'), false);
		chosen = current = i;
		node ??= box.querySelector(`#json-${i}`);
		choose(node, true);
		offer(node);
		near(node);
		box.setAttribute('aria-activedescendant', `json-${i}`);
		tools.onLine(i + 1);
	};
	const draw = (from = 0) => {
		const all = visible();
		if (!from) swap(box);
		box.append(...all.slice(from, limit).map(nodeOf));
		goOn(box, all.length - limit, 'lines', () => draw(limit, (limit += 800)));
	};
	const reveal = (i) => {
		for (const f of [...folded]) if (f < i && i <= lines[f].end) folded.delete(f);
		const at = visible().indexOf(i);
		if (at >= limit) limit = at + 200;
		draw();
		go(i);
	};
	box.goTo = (line) => reveal(clamp(line - 1, lines.length - 1));
	box.onkeydown = (e) => {
		const all = visible(), n = all.indexOf(current), move = (d) => go(all[clamp(n + d, Math.min(all.length, limit) - 1)]);
		const shut = folded.has(current), step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[e.key], fold = { z: true, Enter: true, ArrowRight: shut, ArrowLeft: !shut }[e.key];
		if (e.target !== box || e.ctrlKey || e.metaKey || e.altKey || (step ?? fold ?? '') === '') return;
		if (step) move(step);
		else if (fold) toggle(current), go(current);
		halt(e);
	};
	draw();
	requestAnimationFrame(() => setTimeout(() => limit < 400 && draw(limit, (limit = 400))));
	const foldFrom = (depth) => {
		folded.clear();
		lines.forEach((l, i) => l.end && l.depth >= depth && folded.add(i));
		draw();
	};
	const level = (change) => {
		const shut = [...folded].reduce((n, i) => Math.min(n, lines[i].depth), Infinity), deepest = lines.reduce((n, l) => (l.end ? Math.max(n, l.depth) : n), 0);
		foldFrom(change > 0 ? shut + 1 : clamp(shut - 1, deepest));
	};
	return {
		node: box, lines: lines.length, go: reveal,
		hits: (test) => lines.flatMap((l, i) => (test(`${l.key ?? ''} ${l.text}`) ? [i] : [])),
		'fold-all': () => foldFrom(folded.size ? Infinity : 1),
		'fold-more': () => level(-1), 'fold-less': () => level(1), fold: () => toggle(current),
		partner: () => go(lines[current].end ?? Math.max(0, lines.findIndex((l) => l.end === current))),
	};
}

function unquoted(lexeme) {
	try {
		return JSON.parse(lexeme);
	} catch {
		return lexeme.slice(1, -1);
	}
}

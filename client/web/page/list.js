// Any number of deliveries under one scrollbar. Rows come by pages of 128 around an id, never around a number that changes.
import { $, clamp, clock, day, el, halt, icon, many, number, plain, put, retry, say, size, swap, took, word } from './dom.js';
import { aborted, counted, get, latest } from './api.js';
import { kept } from './url.js';

const PAGE = 128, KEEP = 5 * PAGE, HEIGHT_MOST = 8_000_000, DAY = 24;

export const list = {
	rows: [], // newest first
	filter: '', sort: '', ids: null, walk: '', old: false, follow: true, selected: 0, fresh: 0, total: null, count: NaN,
	newer: false, older: false, newest: 0, oldest: 0, base: 0, above: 0, marked: new Set(), loading: true, searched: null,
};

let scroller, grid, head, firstRun, pool = [], shown = new Map(), frame, resting, loadTimer, slow, generation = 0, telling, told = 0, aging;
const phone = matchMedia('(max-width:599px)');
let rh; // of a row
let ahead = 2; // rows beyond the view; 6 while one scrolls
// Where the view begins, and what elements said last: reads after writes are layouts.
let top = 0, scrolled = 0, whole = 0, tall;
// Class, head and, of those that may be chosen, width.
const CELLS = [['s', ''], ['t', 'TIME'], ['out', 'OUTCOME'], ['m', 'METHOD', 58], ['src', 'SOURCE', 72], ['ev', 'EVENT / PATH'], ['n at', 'ATT', 30], ['n tk', 'TOOK', 58], ['n z', 'SIZE', 44], ['opt tu', 'TUNNEL', 80], ['opt pe', 'PEER', 130], ['opt ho', 'HOST', 140], ['opt tg', 'TAG', 90], ['n opt ro', 'REPLAY OF', 66], ['n opt id', 'ID', 66]];
const columnName = (head) => head.toLowerCase().replace(/ \/.*/, '').replace(' ', '-').replace('outcome', 'stat');
export const SORTS = [...CELLS.slice(2, -1).map((c) => columnName(c[1])), 'path'], turned = (sort) => (sort[0] === '-' ? sort.slice(1) : `-${sort}`);
/** After a click on a head: as is usual, the other way round, by time. */
export function nextOrder(name) {
	const usual = /^(stat|att|took|size|replay-of)$/.test(name) ? `-${name}` : name;
	return { [usual]: turned(usual), [turned(usual)]: '' }[list.sort] ?? usual;
}
/** As the address has it. Whether these are other rows. */
export function setOrder(order = '') {
	const before = list.sort, name = order.replace(/^-/, '');
	list.sort = SORTS.includes(name) ? order : '';
	list.old = order === 'old';
	for (const node of head.children) node.ariaSort = node.matches('.id') || node.dataset.sort !== (list.sort ? name : 'time') ? null : list.old || (name && list.sort === name) ? 'ascending' : 'descending';
	return list.sort !== before;
}
export const COLUMNS = CELLS.filter((c) => c[2]).map((c) => columnName(c[1])), DEFAULT = COLUMNS.slice(0, 5).join();
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [sheet];
/** `chosen`: names, as far as there is room; none: as page.css has it. */
export function columns(chosen) {
	let room = grid.clientWidth - 340, rules = '';
	if (chosen && !list.columns) redrawAll();
	list.columns = chosen;
	const widths = CELLS.map(([c, head, width], i) => {
		if (!width) return ['44px', '62px', '74px', , , 'minmax(120px,1fr)'][i];
		const on = chosen?.split(',').includes(columnName(head)) && (room -= width + 8) >= 0;
		rules += `.list :is(.row,.hd) .${c.split(' ').pop()}{display:${on ? 'block' : 'none'}}`;
		return on ? `${width}px` : '';
	});
	sheet.replaceSync(chosen ? `@media (min-width:600px){.list :is(.row,.hd){grid-template-columns:${widths.join(' ')}}${rules}}` : '');
}

const pageSignal = latest(), jumpSignal = latest(), countSignal = latest();

/** What stands around the list: drawn ten times a second at most. */
const changed = () => (telling ??= setTimeout(() => (telling = setTimeout(tell, 100), schedule((told = 0))), 100));
function tell() {
	telling = clearTimeout(telling);
	told = Date.now();
	list.onChange();
}

export function build(main) {
	const first = $('first');
	firstRun = main.querySelector('.note.first');
	firstRun?.querySelector('button')?.addEventListener('click', () => list.onCopy(firstRun.querySelector('code').textContent));
	grid = el('div.grid', { role: 'grid', id: 'grid', tabindex: 0, label: 'Deliveries', 'aria-owns': 'head', 'aria-rowcount': -1 });
	head = el('div.hd', { role: 'row', id: 'head', 'aria-rowindex': 1 }, CELLS.map(([c, text]) => el('span', { class: c, role: text && 'columnheader', 'data-sort': columnName(text).replace(/^id$/, 'time') }, text)));
	head.onclick = ({ target }) => target.dataset.sort && list.onOrder(target.dataset.sort);
	scroller = el('div.rows', { id: 'scroller', tabindex: -1 }, first?.querySelector('.row') && first, grid, el('div', { id: 'note' }));
	const section = el('section.list', { id: 'list', label: 'Deliveries' }, head, scroller);
	swap(main, section);
	scroller.onscroll = onScroll;
	grid.onclick = onClick;
	grid.onkeydown = () => grid.classList.add('keys');
	new ResizeObserver(() => {
		tall = null;
		scrolled = scroller.scrollTop;
		columns(list.columns);
		draw();
	}).observe(scroller);
	(phone.onchange = redrawAll)();
	return section;
}

/** What takes longer than a moment has grey rows in its place. */
function busy(on) {
	if (on) slow ??= setTimeout(() => $('first') ?? (grid.ariaBusy = 'true'), 150);
	else slow = clearTimeout(slow), (grid.ariaBusy = null);
}

function onClick(event) {
	const node = event.target.closest('.row');
	if (!node || event.ctrlKey || event.metaKey || event.button) return;
	halt(event);
	const id = Number(node.dataset.id);
	if (event.shiftKey) {
		const [a, b] = [indexOf(list.selected), indexOf(id)].sort((x, y) => x - y);
		if (a >= 0) list.onRange(list.rows.slice(a, b + 1).map((r) => r.id));
		return;
	}
	focus();
	select(id);
	list.onOpen(id);
}

// The model is newest first; "old" order is its mirror.

let places, placed;
/** Where each row begins below `base`, and where the last one ends: between two days there is a line. */
function tops() {
	const { rows } = list, key = `${list.sort} ${rows.length} ${rows[0]?.id} ${rows.at(-1)?.id} ${rh}`;
	if (placed !== key) {
		placed = key;
		places = [];
		let y = 0;
		for (let i = rows.length - 2; i >= 0; i--) if ('odd' in rows[i + 1]) rows[i].odd ??= !rows[i + 1].odd;
		rows.forEach((row, i) => {
			row.day ??= day(row.received_at);
			row.odd ??= !rows[i - 1]?.odd;
			if (i && !list.sort && row.day !== rows[i - 1].day) y += DAY;
			places.push(y);
			y += rh;
		});
		places.push(y);
	}
	return places;
}
function rowAt(y) {
	let i = clamp(~~((y - list.base) / rh), list.rows.length - 1);
	while (i > 0 && list.base + tops()[i] > y) i--;
	return i;
}
const known = () => list.ids?.length ?? (list.count || list.rows.length + (list.older ? PAGE : 0));
function height() {
	const end = list.base + tops().at(-1), h = Math.min(known() * rh, HEIGHT_MOST);
	// Another height paints all rows.
	return list.older ? Math.max(end + rh, !list.ids && Math.abs(h - whole) < h / 128 ? whole : h) : end;
}
const view = () => (tall ??= scroller.clientHeight);
function setTop(y) {
	top = clamp(y, height() - view());
	scrolled = -9; // a scroll before this is over
	schedule();
}
/** Before rows are written. */
function scroll(h) {
	if (whole !== h) grid.style.height = `${(whole = h)}px`;
	top = clamp(top, h - view());
	const to = list.old ? Math.max(0, h - view() - top) : top;
	if (!view() || !~~(scrolled - to)) return;
	scroller.scrollTop = to;
	look();
}
function look() {
	scrolled = scroller.scrollTop;
	top = list.old ? whole - view() - scrolled : scrolled;
}

function onScroll() {
	if (scrolled >= 0 && ~~(scroller.scrollTop - scrolled)) (ahead = 6), schedule(look());
	clearTimeout(resting);
	resting = setTimeout(rest, 200);
	if (list.follow && top > rh) pause();
}

const share = (id) => (list.newest - id) / Math.max(1, list.newest - list.oldest);
/** Beyond what a browser can scroll by pixels, the thumb is put in its place once it rests. */
function rest() {
	ahead = 2;
	const h = height();
	if (known() * rh <= HEIGHT_MOST || !list.rows[0]) return;
	const i = rowAt(top), fraction = list.newer ? share(list.rows[i].id) : (i * rh) / h;
	const shift = Math.round(fraction * (h - view())) - list.base - tops()[i];
	if (Math.abs(shift) < 4 * rh) return;
	list.base = Math.max(0, list.base + shift);
	setTop(top + shift);
}

export const schedule = () => (frame ??= requestAnimationFrame(draw));

function draw() {
	if (arriving[0]) arrive();
	frame = cancelAnimationFrame(frame);
	if (arriving[0]) schedule();
	const { rows } = list, h = height(), v = view(), at = tops(), bottom = list.base + at.at(-1), wanted = new Map();
	if (rows[0] || !list.loading) $('first')?.remove();
	scroll(h);
	if (top + v >= list.base && top <= bottom) for (let i = rowAt(top) - ahead, last = rowAt(top + v) + ahead; i <= last; i++) if (rows[i]) wanted.set(rows[i].id, i);
	// Which of all it is, as far as that is known.
	const all = list.counted ? NaN : list.count, first = list.ids ? list.ids.indexOf(rows[0]?.id) : list.above;
	const above = first >= 0 || list.older ? first : all - rows.length;
	set(grid, 'aria-rowcount', `${all + 1 || -1}`);
	const spare = []; // go on as other rows: one shown again is laid out anew
	for (const [id, node] of shown) if (!wanted.has(id) && shown.delete(id)) spare.push(node);
	for (const [id, i] of wanted) {
		let node = shown.get(id);
		if (!node) {
			node = spare.pop() ?? pool.pop() ?? makeRow();
			shown.set(id, node);
			node.hidden = false;
			node.drawn = null;
		}
		fillRow(node, rows[i]);
		const nth = list.old ? all - above - i : above + i + 1;
		if (node.nth !== nth) node.ariaRowIndex = (node.nth = nth) > 0 ? nth + 1 : null;
		place(node, list.base + at[i], rh, h);
		const over = i > 0 && at[i] - at[i - 1] > rh;
		if (node.line.hidden === over) node.line.hidden = !over;
		if (over) word(node.line, rows[list.old ? i - 1 : i].day), place(node.line, list.base + at[i] - DAY, DAY, h);
	}
	for (const node of spare) pool.push(node), (node.hidden = node.line.hidden = true);
	set(grid, 'aria-activedescendant', shown.get(list.selected)?.id ?? '');
	drawNote();
	if (telling && Date.now() - told > 90) tell();
	// What is not there is fetched: far away there, near the edge the next page.
	if (!rows[0] || list.loading || list.wrong) return;
	const away = top + v < list.base || top > bottom;
	busy(away);
	if (away) clearTimeout(loadTimer), (loadTimer = setTimeout(jump, 60));
	else if (list.older && top + v > bottom - 40 * rh) more({ before: rows.at(-1).id }, append);
	else if (list.newer && top < list.base + 40 * rh) more({ after: rows[0].id }, prepend);
}

function place(node, y, tall, whole) {
	const to = list.old ? whole - y - tall : y;
	if (node.y !== to) node.style.transform = `translateY(${(node.y = to)}px)`;
}

let rowNumber = 0;
function makeRow() {
	const node = el('div.row', { role: 'row', id: `row-${++rowNumber}` });
	const c = Object.fromEntries(CELLS.map(([name]) => [name.split(' ').pop(), el('span', { role: 'gridcell', class: name })]));
	const [mark, shield, sign] = [icon(''), icon(''), icon('')], o = el('span.o', sign, el('span')), link = el('a', { tabindex: -1 }, el('b'), el('span.path'));
	c.s.append(mark, shield);
	c.out.append(o);
	c.ev.append(link);
	Object.assign(node, { cells: c, mark, shield, sign, outcome: o, link, line: el('div.day', { hush: 'true' }) });
	node.append(...Object.values(c));
	grid.append(node, node.line);
	return node;
}

const set = (node, name, value) => node.getAttribute(name) !== value && node.setAttribute(name, value);
function sign(svg, id, kind = '') {
	set(svg, 'class', `i ${kind}`);
	set(svg.firstChild, 'href', `#${id}`);
}

function fillRow(node, row) {
	const selected = row.id === list.selected, mark = list.marked.has(row.id), fresh = Date.now() - row.fresh < 1200;
	const stamp = `${selected} ${mark} ${row.odd} ${fresh}`;
	if (node.row === row && node.drawn === stamp) return;
	node.row = row;
	node.drawn = stamp;
	const c = node.cells, o = row.outcome, { verdict: v } = row, time = clock(row.received_at), b = node.link.firstChild;
	node.dataset.id = row.id;
	set(node, 'class', `row${row.odd ? ' z2' : ''}${fresh ? ' new' : ''}`);
	set(node, 'aria-selected', `${selected}`);
	node.ariaLabel = plain([`${o.text} ${o.reason}`.trim(), row.provider, row.event_type ?? row.path, time, many(row.attempts, 'attempt'), v.text, mark && 'marked'].filter(Boolean).join(', '));
	set(c.s, 'title', v.text);
	sign(node.mark, mark ? 'mk' : row.replay_of ? 'rp' : '');
	sign(node.shield, v.sign, v.kind);
	word(c.t, time);
	c.t.title = `${row.day} ${time}`;
	set(node.outcome, 'class', `o ${o.kind}`);
	sign(node.sign, o.sign);
	word(node.outcome.lastChild, o.text);
	put(c.m, row.method);
	put(c.src, (row.provider ?? row.tunnel) + (phone.matches && row.event_type ? ` · ${row.path}` : ''));
	node.link.setAttribute('href', `/d/${row.id}`);
	set(node.link, 'aria-label', plain(row.event_type ?? row.path));
	if (row.event_type) put(b, row.event_type);
	else swap(b, (b.raw = ''));
	put(node.link.lastChild, row.path);
	word(c.at, `${row.attempts}`);
	word(c.tk, took(row.duration_ms));
	word(c.z, size(row.request_bytes));
	if (!list.columns) return;
	put(c.tu, row.tunnel);
	put(c.pe, row.peer);
	put(c.ho, row.host ?? '');
	put(c.tg, row.tags?.join(' ') ?? '');
	word(c.ro, row.replay_of ? `#${row.replay_of}` : '');
	word(c.id, `#${row.id}`);
}

export function redrawAll() {
	rh = phone.matches ? 56 : kept.get('dense') ? 26 : 32;
	scroller.style.setProperty('--tall', `${rh}px`);
	for (const node of shown.values()) node.drawn = null;
	for (const row of list.rows) delete row.day;
	placed = '';
	schedule();
}
export const indexOf = (id) => list.rows.findIndex((r) => r.id === id);
export const rowOf = (id) => list.rows[indexOf(Number(id))];

export function select(id, show = true) {
	list.selected = Number(id);
	list.onSelect(list.selected);
	if (show) reveal();
	schedule();
}

function reveal() {
	const i = indexOf(list.selected);
	if (i < 0) return;
	const y = list.base + tops()[i];
	if (y < top) setTop(y);
	else if (y + rh > top + view()) setTop(y + rh - view());
}

export function step(n) {
	const i = indexOf(list.selected), d = list.old ? -n : n;
	if (!list.rows[0]) return;
	if (d > 0 && list.follow) pause();
	select(list.rows[clamp(i < 0 ? rowAt(top + rh - 1) : i + d, list.rows.length - 1)].id);
}
export const pageStep = (fraction) => step(Math.trunc((view() / rh) * fraction));
export function neighbour(id, n) {
	const i = indexOf(Number(id));
	if (i >= 0) return list.rows[i + (list.old ? -n : n)]?.id;
}
export const focus = () => grid.focus({ preventScroll: true });

/** What a sort found before it was cut and what it found then, as one. */
function join(found, before) {
	const down = list.sort[0] === '-' ? -1 : 1, both = [found, before].flatMap(({ ids, values }) => ids.map((id, i) => [id, values[i]]));
	both.sort(([i, x], [j, y]) => (x === y ? j - i : x === null ? 1 : y === null ? -1 : x < y ? -down : down)).splice(10_000);
	Object.assign(found, { ids: both.map(([id]) => id), values: both.map(([, value]) => value), matched: found.matched + before.matched });
}

/** A sort finds numbers; its rows are asked for by them. */
async function page(wish, signal) {
	const ask = (what) => get('/api/deliveries', what, { signal }), { filter, sort } = list;
	let { ids } = list;
	if (!sort || wish.ids) return ask({ filter, limit: PAGE, ...wish });
	if (!ids) {
		const { on } = wish, found = await ask({ filter, order: sort, limit: PAGE, before: on?.continue_before });
		if (on) join(found, on);
		const cut = found.continue_before, n = (ids = list.ids = found.ids).length;
		list.part = cut && found;
		list.walk = cut || found.matched > n ? `first ${number(n)} of ${number(found.matched)}${cut ? '+' : ''}` : '';
		if (!on) return { ...found, continue_before: null };
	}
	const at = ids.indexOf(wish.before ?? wish.after), from = wish.after ? Math.max(0, at - PAGE) : at + 1, to = wish.after ? at : from + PAGE;
	return { ...await ask({ ids: `${ids.slice(from, to)}` || '0' }), more_after: from > 0, more_before: to < ids.length };
}
const goesOn = (answer) => answer.more_before || !!answer.continue_before;
const failed = (error, again) => aborted(error) || (busy(), list.onProblem(error, again));

const reach = (id) => (list.newest = Math.max(list.newest, id));
function take(answer) {
	for (const row of answer.deliveries) if (row.marked) list.marked.add(row.id);
	reach(answer.newest_id);
	list.oldest = answer.oldest_id || list.oldest;
	return answer.deliveries;
}

/** Begins anew with this filter; parts come until the window is full. */
export async function load(filter, { around, on } = {}) {
	list.filter = filter ?? '';
	list.ids = list.part = null;
	list.walk = list.sort && 'sorting…';
	if (list.sort) around = 0;
	const mine = ++generation, signal = pageSignal();
	stay();
	list.loading = true;
	busy(true);
	list.count = NaN;
	recount();
	let rows = [], before = around ? around + 60 : null, answer;
	try {
		do {
			answer = await page({ before, on }, signal);
			if (mine !== generation) return;
			rows = rows.concat(take(answer));
			list.rows = rows;
			list.older = goesOn(answer);
			list.newer = !!around && answer.more_after;
			list.base = 0;
			list.searched = answer.continue_before && { searched: answer.newest_id - answer.continue_before, total: answer.newest_id - (answer.oldest_id || 0) };
			before = answer.continue_before;
			list.above = list.newer ? NaN : 0;
			if (rows.length) busy();
			list.onProblem(null);
			changed();
			draw();
		} while (before && rows.length < PAGE);
		if (around) {
			list.base = list.newer ? Math.round(share(rows[0]?.id ?? 0) * Math.max(0, height() - view())) : 0;
			list.selected = around;
			reveal();
		} else {
			list.follow = !list.sort;
			list.fresh = list.seen = 0;
			setTop(0);
			if (list.sort) reveal();
		}
		list.older = answer.more_before;
	} catch (error) {
		if (!aborted(error) && error.status && error.name !== 'filter') list.rows = rows;
		failed(error, () => load(filter, { around, on }));
	} finally {
		if (mine === generation) {
			list.loading = false;
			busy();
			if (!list.ids) list.walk = '';
		}
		list.searched = null;
		changed();
		draw();
		catchUpAgain();
	}
}

async function recount() {
	const signal = countSignal(), filter = list.filter;
	try {
		const all = await counted(filter, { signal });
		list.count = all.count;
		list.total = all.total;
		list.counted = all.done ? null : all.searched;
	} catch { return; }
	changed();
	schedule();
}

/** A page, unless what is shown is another one by the time it comes. */
async function ask(wish, use, signal) {
	const mine = generation;
	try {
		const answer = await page(wish, signal);
		if (mine !== generation) return;
		if (list.wrong) schedule(list.onProblem(null));
		use(answer);
	} catch (error) {
		failed(error, () => (list.onProblem(null), schedule()));
	}
}

let fetching;
const more = (wish, use) => (fetching ??= ask(wish, use).then(() => ((fetching = null), schedule())));

function append(answer) {
	list.rows.push(...take(answer));
	list.older = goesOn(answer);
	const spare = list.rows.length - KEEP;
	if (spare > 0 && top > list.base + tops()[spare] + 40 * rh) {
		list.base += tops()[spare];
		list.rows.splice(0, spare);
		list.above += spare;
		list.newer = true;
	}
}

function trim() {
	if (list.rows.length > KEEP) (list.rows.length = KEEP), (list.older = true);
}

function prepend(answer) {
	const rows = take(answer);
	list.rows.unshift(...rows);
	const grown = tops()[rows.length];
	list.newer = answer.more_after;
	list.above = list.newer ? list.above - rows.length : 0;
	const { base } = list;
	list.base = list.newer ? Math.max(0, base - grown) : 0;
	setTop(top + grown - base + list.base);
	trim();
}

/** A drag of the thumb: a share of the ids. */
function jump() {
	const h = height() - view(), fraction = h > 0 ? top / h : 0;
	const id = Math.round(list.newest - fraction * (list.newest - list.oldest)), i = list.ids && Math.max(0, Math.floor(top / rh) - 20);
	return ask({ before: list.ids ? list.ids[i - 1] : Math.max(id + 1, list.oldest + PAGE / 2) }, (answer) => {
		list.rows = take(answer);
		list.above = NaN;
		list.older = goesOn(answer);
		list.newer = answer.more_after;
		list.base = Math.max(0, list.newer ? top - 4 * rh : 0);
		if (list.ids) list.base = i * rh;
		else if (!list.older) list.base = clamp(top + view() - tops().at(-1), list.base);
		schedule();
	}, jumpSignal());
}

export function end(i) {
	setTop(i && height());
	select(list.ids.at(i), false);
}

/** Nothing is read from where one has scrolled to. */
function stay() {
	clearTimeout(loadTimer);
	jumpSignal();
}

export const pause = () => list.follow && changed((list.follow = false));
export async function follow() {
	list.fresh = list.seen = 0;
	list.follow = true;
	stay();
	if (list.newer) await load(list.filter);
	else catchUp(), setTop(0);
	changed();
}

/** Reads what came since: after a gap in the stream, or for a filter. */
let catching, again;
export async function catchUp() {
	if (!list.follow || list.newer) return;
	if (catching || list.loading) return (again = true);
	catching = true;
	const mine = generation;
	try {
		const answer = await page(list.rows[0] ? { after: list.rows[0].id, limit: 500 } : {});
		if (mine !== generation) return;
		if (answer.more_after && list.rows[0]) load(list.filter);
		else if (list.follow) add(take(answer));
		else count(answer.deliveries.length);
	} catch { /* the stream says when creel is back */ } finally {
		catching = false;
		catchUpAgain();
	}
}
/** What became of the rows unheard. */
export function refresh(tell) {
	catchUp();
	let ids = list.rows.slice(0, 500).map((r) => r.id);
	if (ids[0]) ask({ ids: `${ids}` }, ({ deliveries, newest_id: to }) => {
		const n = to - list.newest;
		if (n > 0 && (list.newer || !list.follow)) count(n, reach(to));
		for (const d of deliveries) if (['event_id', 'state', 'status', 'attempts'].some((k) => rowOf(d.id)?.[k] !== d[k])) tell('attempt', { id: d.id, delivery: d });
		ids = ids.filter((id) => !deliveries.some((d) => d.id === id));
		if (ids[0]) tell('gone', { ids }), catchUp();
	});
}
function catchUpAgain() {
	if (again) setTimeout(catchUp, 200);
	again = false;
}

function add(rows) {
	rows = rows.filter((r) => r.id > (list.rows[0]?.id ?? 0));
	if (!rows.length) return;
	const now = Date.now();
	for (const row of rows) row.fresh = now;
	clearTimeout(aging);
	aging = setTimeout(schedule, 1210);
	list.rows.unshift(...rows);
	trim();
	list.count += rows.length;
	reach(rows[0].id);
	list.base = list.above = 0;
	if (kept.get('announce', true)) say(many(rows.length, 'new delivery', 'new deliveries'));
	changed();
	schedule();
}

/** What comes while one does not follow is counted; with a filter, what matches. */
let counting;
function count(n) {
	changed();
	if (!list.filter) return (list.fresh += n), (list.above += n), (list.count += n);
	list.seen ||= list.newest - n;
	counting ??= setTimeout(async () => {
		counting = null;
		const all = await counted(`(${list.filter}) id:${list.seen + 1}..`).catch(() => null);
		if (all && list.seen) list.fresh = all.count;
		changed();
	}, 500);
}

const arriving = [];
export function onDelivery(row) {
	if (list.total !== null) list.total++;
	reach(row.id);
	if (!list.follow || list.newer) count(1);
	else if (list.filter || list.loading || catching) catchUp();
	else schedule(arriving.unshift(row));
}
/** Some a frame, as keys wait for them; far too many at once. */
function arrive(most = arriving.length > 64 ? 1e6 : 12) {
	const rows = arriving.splice(-most);
	if (list.follow) add(rows);
	else count(rows.length); // it was paused meanwhile
}
export function onMore({ count: n }) {
	if (list.follow && !list.newer) catchUp();
	else count(n);
	recount();
}
export function onAttempt({ delivery }) {
	for (const rows of [list.rows, arriving]) {
		const i = rows.findIndex((r) => r.id === delivery.id);
		if (i >= 0) rows[i] = { ...rows[i], ...delivery, marked: rows[i].marked };
	}
	schedule();
}
export function onGone({ ids, before }) {
	arrive(1e6);
	const gone = new Set(ids ?? []), n = list.rows.length;
	const there = (id) => !gone.has(id) && !(before && id < before);
	list.rows = list.rows.filter((r) => there(r.id));
	list.ids &&= list.ids.filter(there);
	if (list.newer) list.above = NaN;
	if (before) list.oldest = before;
	if (list.rows.length !== n) schedule();
	if (!list.rows[0]) load(list.filter);
	recount();
}

function drawNote() {
	const note = $('note'), { wrong } = list, kind = list.rows[0] ? 'rows' : list.loading || wrong?.name === 'filter' ? 'loading' : wrong ? 'wrong' : list.filter ? 'nothing' : 'first';
	const of = kind + list.filter + (list.total === null);
	if (note.of === of) return;
	note.of = of;
	swap(note, kind === 'wrong' && retry(wrong, list.again), kind === 'first' && (firstRun ?? el('p.note', 'The first delivery shows up here by itself.')),
		kind === 'nothing' && el('div.note', el('p', `Nothing matches. ${number(list.total ?? 0)} looked at.`), el('button', { onclick: list.onClear }, 'Clear filter ', el('kbd', 'Esc')), ' ', list.wider()));
}

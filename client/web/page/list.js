// The deliveries: any number under one scrollbar. Rows come by pages of 128 around a delivery's id, never around a
// number that changes when something arrives.
import { $, clamp, day, el, many, number, say, word } from './dom.js';
import { aborted, counted, get, latest } from './api.js';
import { SORTS, fillRow, heads, makeRow, phone, set, setColumns } from './row.js';
import { kept } from './url.js';

const PAGE = 128, KEEP = 5 * PAGE, HEIGHT_MOST = 8_000_000, DAY = 24;

export const list = {
	rows: [], // newest first
	filter: '', sort: '', ids: null, walk: '', old: false, follow: true, selected: 0, fresh: 0, total: null, count: null,
	moreAfter: false, moreBefore: false, newest: 0, oldest: 0, base: 0, marked: new Set(), loading: false, searched: null,
};

let scroller, grid, head, firstRun, pool = [], shown = new Map(), frame, resting, loadTimer, generation = 0, telling, told = 0, aging;
// Where the view begins, and what elements said last: reads after writes are layouts.
let top = 0, scrolled = 0, whole = 0, tall, rh = phone.matches ? 56 : 32;
/** As the address has it. Whether these are other rows. */
export function setOrder(order = '') {
	const before = list.sort, name = order.replace(/^-/, '');
	list.sort = SORTS.includes(name) ? order : '';
	list.old = order === 'old';
	for (const node of head.children) node.ariaSort = node.matches('.id') || node.dataset.sort !== (list.sort ? name : 'time') ? null : list.old || (name && list.sort === name) ? 'ascending' : 'descending';
	return list.sort !== before;
}
export function columns(chosen) {
	if (chosen && !list.columns) redrawAll();
	setColumns((list.columns = chosen), grid.clientWidth - 340);
}

const pageSignal = latest(), jumpSignal = latest(), countSignal = latest();

/** What stands around the list is drawn ten times a second at most: with the rows, or by itself. */
const changed = () => (telling ??= setTimeout(tell, 100));
function tell() {
	telling = clearTimeout(telling);
	told = Date.now();
	list.onChange();
}

export function build(main) {
	const first = $('first');
	firstRun = main.querySelector('.note.first');
	firstRun?.querySelector('button')?.addEventListener('click', () => list.onCopy(firstRun.querySelector('code').textContent));
	scroller = el('div.rows', { id: 'scroller', tabindex: -1 });
	grid = el('div.grid', { role: 'grid', id: 'grid', tabindex: 0, label: 'Deliveries', 'aria-owns': 'head', 'aria-rowcount': -1 });
	head = el('div.hd', { role: 'row', id: 'head' }, heads());
	head.onclick = ({ target }) => target.dataset.sort && list.onOrder(target.dataset.sort);
	scroller.append(first ?? '', grid, el('div', { id: 'note' }));
	const section = el('section.list', { id: 'list', label: 'Deliveries' }, head, scroller);
	main.replaceChildren(section);
	scroller.onscroll = onScroll;
	grid.onclick = onClick;
	grid.onkeydown = () => grid.classList.add('keys');
	new ResizeObserver(([{ contentRect }]) => {
		tall = contentRect.height;
		scrolled = scroller.scrollTop;
		columns(list.columns);
		draw();
	}).observe(scroller);
	phone.onchange = () => {
		rh = phone.matches ? 56 : 32;
		redrawAll();
	};
	return section;
}

function onClick(event) {
	const node = event.target.closest('.row');
	if (!node || event.ctrlKey || event.metaKey || event.button) return;
	event.preventDefault();
	const id = Number(node.dataset.id);
	if (!id) return;
	if (event.shiftKey) {
		const [a, b] = [indexOf(list.selected), indexOf(id)].sort((x, y) => x - y);
		if (a >= 0) list.onRange(list.rows.slice(a, b + 1).map((r) => r.id));
		return;
	}
	grid.focus({ preventScroll: true });
	select(id);
	list.onOpen(id);
}

// ---- the model is newest first; "old" order is its mirror ----

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
	let i = clamp(Math.floor((y - list.base) / rh), list.rows.length - 1);
	while (i > 0 && list.base + tops()[i] > y) i--;
	return i;
}
const known = () => list.ids?.length ?? list.count ?? list.rows.length + (list.moreBefore ? PAGE : 0);
function height() {
	const whole = list.base + tops().at(-1);
	if (!list.moreBefore) return whole;
	return Math.max(whole + rh, Math.min(known() * rh, HEIGHT_MOST));
}
const view = () => (tall ??= scroller.clientHeight);
function setTop(y) {
	top = clamp(y, height() - view());
	schedule();
}
/** Before writing rows. */
function scroll(h) {
	if (whole !== h) {
		grid.style.height = `${(whole = h)}px`;
		top = clamp(top, h - view());
	}
	const to = list.old ? Math.max(0, h - view() - top) : top;
	if (!view() || Math.abs(scrolled - to) < 1) return;
	scroller.scrollTop = to;
	look();
}
function look() {
	scrolled = scroller.scrollTop;
	top = list.old ? whole - view() - scrolled : scrolled;
}

function onScroll() {
	look();
	schedule();
	clearTimeout(resting);
	resting = setTimeout(rest, 200);
	if (list.follow && top > rh) pause();
}

const share = (id) => (list.newest - id) / Math.max(1, list.newest - list.oldest);
/** Beyond what a browser can scroll by pixels, the thumb is put in its place once it rests. */
function rest() {
	const h = height();
	if (known() * rh <= HEIGHT_MOST || !list.rows[0]) return;
	const i = rowAt(top);
	const fraction = list.moreAfter ? share(list.rows[i].id) : (i * rh) / h;
	const want = Math.round(fraction * (h - view()));
	const shift = want - (list.base + tops()[i]);
	if (Math.abs(shift) < 4 * rh) return;
	list.base = Math.max(0, list.base + shift);
	setTop(top + shift);
}

export const schedule = () => (frame ??= requestAnimationFrame(draw));

function draw() {
	if (arriving[0]) arrive();
	frame = cancelAnimationFrame(frame);
	const h = height(), v = view(), at = tops(), bottom = list.base + at.at(-1), wanted = new Map();
	if (list.rows[0] || !list.loading) $('first')?.remove();
	scroll(h);
	const y0 = top;
	if (y0 + v >= list.base && y0 <= bottom) for (let i = Math.max(0, rowAt(y0) - 6), last = rowAt(y0 + v) + 6; i <= last && i < list.rows.length; i++) wanted.set(list.rows[i].id, i);
	const spare = []; // go on as other rows: a node that is shown again would be laid out anew
	for (const [id, node] of shown) if (!wanted.has(id) && shown.delete(id)) spare.push(node);
	for (const [id, i] of wanted) {
		let node = shown.get(id);
		if (!node) {
			node = spare.pop() ?? pool.pop();
			if (!node) grid.append((node = makeRow()), node.line);
			shown.set(id, node);
			if (node.hidden) node.hidden = false;
			node.drawn = null;
		}
		fillRow(node, list.rows[i], id === list.selected, list.marked.has(id), list.columns);
		place(node, list.base + at[i], rh, h);
		const over = i > 0 && at[i] - at[i - 1] > rh;
		if (node.line.hidden === over) node.line.hidden = !over;
		if (over) {
			word(node.line, list.rows[list.old ? i - 1 : i].day);
			place(node.line, list.base + at[i] - DAY, DAY, h);
		}
	}
	for (const node of spare) {
		node.hidden = node.line.hidden = true;
		pool.push(node);
	}
	const active = shown.get(list.selected);
	if (active) set(grid, 'aria-activedescendant', active.id);
	else grid.removeAttribute('aria-activedescendant');
	drawNote();
	if (telling && Date.now() - told > 90) tell();
	// What is looked at and not there is fetched; far away a page is read there, near the edge the next one.
	if (!list.rows[0] || list.loading) return;
	if (y0 + v < list.base || y0 > bottom) {
		clearTimeout(loadTimer);
		loadTimer = setTimeout(jump, 60);
	} else if (list.moreBefore && y0 + v > bottom - 40 * rh) {
		more('before');
	} else if (list.moreAfter && y0 < list.base + 40 * rh) {
		more('after');
	}
}

function place(node, y, tall, whole) {
	const to = list.old ? whole - y - tall : y;
	if (node.y !== to) node.style.transform = `translateY(${(node.y = to)}px)`;
}

export function redrawAll() {
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
	const to = i < 0 ? rowAt(top + rh - 1) : i + d;
	select(list.rows[clamp(to, list.rows.length - 1)].id);
}
export const pageStep = (fraction) => step(Math.trunc((view() / rh) * fraction));
export function neighbour(id, n) {
	const i = indexOf(Number(id));
	return i < 0 ? undefined : list.rows[i + (list.old ? -n : n)]?.id;
}
export const focus = () => grid.focus({ preventScroll: true });

/** A sort finds numbers; its rows are asked for by them. */
async function page(wish, signal) {
	const ask = (what) => get('/api/deliveries', what, { signal }), { filter, sort, ids } = list;
	if (!sort || wish.ids) return ask({ filter, limit: PAGE, ...wish });
	if (!ids) {
		const found = await ask({ filter, order: sort, limit: PAGE }), n = (list.ids = found.ids).length, cut = found.searched < found.total;
		list.walk = cut || found.matched > n ? `first ${number(n)} of ${number(found.matched)}${cut ? '+' : ''}` : '';
		return found;
	}
	const at = ids.indexOf(wish.before ?? wish.after), from = wish.after ? Math.max(0, at - PAGE) : at + 1, to = wish.after ? at : from + PAGE;
	return { ...await ask({ ids: `${ids.slice(from, to)}` || '0' }), more_after: from > 0, more_before: to < ids.length };
}
const goesOn = (answer) => answer.more_before || !!answer.continue_before;
const failed = (error) => aborted(error) || list.onProblem(error);

function take(answer) {
	for (const row of answer.deliveries) if (row.marked) list.marked.add(row.id);
	list.newest = Math.max(list.newest, answer.newest_id);
	list.oldest = answer.oldest_id || list.oldest;
	return answer.deliveries;
}

/** Begins anew with this filter; an answer in parts goes on until the window is full. */
export async function load(filter, { around } = {}) {
	list.filter = filter ?? '';
	list.ids = null;
	list.walk = list.sort && 'sorting…';
	if (list.sort) around = 0;
	const mine = ++generation, signal = pageSignal();
	stay();
	list.loading = true;
	list.searched = null;
	recount();
	let rows = [], before = around ? around + 60 : '', answer;
	try {
		do {
			answer = await page({ before }, signal);
			if (mine !== generation) return;
			rows = rows.concat(take(answer));
			list.rows = rows;
			list.moreBefore = goesOn(answer);
			list.moreAfter = !!around && answer.more_after;
			list.base = 0;
			list.searched = answer.continue_before ? { searched: answer.newest_id - answer.continue_before, total: answer.newest_id - (answer.oldest_id || 0) } : null;
			before = answer.continue_before;
			list.onProblem(null);
			changed();
			draw();
		} while (before && rows.length < PAGE);
		if (around) {
			list.base = list.moreAfter ? Math.round(share(rows[0]?.id ?? 0) * Math.max(0, height() - view())) : 0;
			list.selected = around;
			reveal();
		} else {
			list.follow = !list.sort;
			list.fresh = list.seen = 0;
			setTop(0);
			if (list.sort) reveal();
		}
		list.moreBefore = answer.more_before;
	} catch (error) {
		failed(error);
	} finally {
		if (mine === generation) {
			list.loading = false;
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
	list.count = null;
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
		if (mine === generation) use(answer);
	} catch (error) {
		failed(error);
	}
}

let fetching;
async function more(side) {
	if (fetching) return;
	fetching = true;
	if (side === 'before') {
		await ask({ before: list.rows.at(-1).id }, (answer) => {
			list.rows.push(...take(answer));
			list.moreBefore = goesOn(answer);
			const spare = list.rows.length - KEEP;
			if (spare > 0 && top > list.base + tops()[spare] + 40 * rh) {
				list.base += tops()[spare];
				list.rows.splice(0, spare);
				list.moreAfter = true;
			}
		});
	} else {
		await ask({ after: list.rows[0].id }, (answer) => {
			prepend(take(answer), answer.more_after);
			trim();
		});
	}
	fetching = false;
	schedule();
}

function trim() {
	if (list.rows.length <= KEEP) return;
	list.rows.length = KEEP;
	list.moreBefore = true;
}

function prepend(rows, moreAfter) {
	list.rows.unshift(...rows);
	const grown = tops()[rows.length];
	list.moreAfter = moreAfter;
	let shift = 0;
	if (list.base >= grown && moreAfter) list.base -= grown;
	else {
		shift = grown - list.base;
		list.base = 0;
	}
	setTop(top + shift);
}

/** A drag of the thumb: the place is a share of the ids. */
function jump() {
	const h = height() - view(), fraction = h > 0 ? top / h : 0;
	const id = Math.round(list.newest - fraction * (list.newest - list.oldest)), i = list.ids && Math.max(0, Math.floor(top / rh) - 20);
	return ask({ before: list.ids ? list.ids[i - 1] : Math.max(id + 1, list.oldest + PAGE / 2) }, (answer) => {
		list.rows = take(answer);
		list.moreBefore = goesOn(answer);
		list.moreAfter = answer.more_after;
		list.base = Math.max(0, list.moreAfter ? top - 4 * rh : 0);
		if (list.ids) list.base = i * rh;
		else if (!list.moreBefore) list.base = Math.max(0, Math.min(list.base, top + view() - tops().at(-1)));
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

export function pause() {
	if (!list.follow) return;
	list.follow = false;
	changed();
}
export async function follow() {
	list.fresh = list.seen = 0;
	list.follow = true;
	stay();
	if (list.moreAfter) await load(list.filter);
	else {
		catchUp();
		setTop(0);
	}
	changed();
}

/** Reads what came since: after a gap in the stream, or for a filter. */
let catching, again;
export async function catchUp() {
	if (!list.follow || list.moreAfter) return;
	if (catching || list.loading) {
		again = true;
		return;
	}
	catching = true;
	const mine = generation;
	let answer;
	try {
		const after = list.rows[0]?.id;
		answer = await page({ after });
		let gap = answer.newest_id - after;
		if (!answer.more_after) gap = answer.deliveries.length;
		if (gap > KEEP) answer = await page({}), recount();
		if (mine !== generation) return;
		if (!list.follow) return count(gap);
		if (gap > KEEP) list.rows = [], (list.moreBefore = true);
		add(take(answer));
	} catch { /* the stream says when creel is back */ } finally {
		catching = false;
		if (answer?.more_after) catchUp();
		else catchUpAgain();
	}
}
/** What became of the rows unheard. */
export function refresh(tell) {
	catchUp();
	let ids = list.rows.slice(0, 500).map((r) => r.id);
	if (ids[0]) ask({ ids: `${ids}` }, ({ deliveries }) => {
		for (const d of deliveries) if (['state', 'status', 'attempts'].some((k) => rowOf(d.id)?.[k] !== d[k])) tell('attempt', { id: d.id, delivery: d });
		ids = ids.filter((id) => !deliveries.some((d) => d.id === id));
		if (ids[0]) tell('gone', { ids });
	});
}
function catchUpAgain() {
	if (again) setTimeout(catchUp, 200);
	again = false;
}

function add(rows) {
	rows = rows.filter((r) => r.id > (list.rows[0]?.id ?? 0));
	if (!rows[0]) return;
	const now = Date.now();
	for (const row of rows) row.fresh = now;
	clearTimeout(aging);
	aging = setTimeout(schedule, 1210);
	list.rows.unshift(...rows);
	trim();
	if (list.count !== null) list.count += rows.length;
	list.newest = Math.max(list.newest, rows[0].id);
	list.base = 0;
	if (kept.get('announce', true)) say(many(rows.length, 'new delivery', 'new deliveries'));
	changed();
	schedule();
}

/** What arrives while one does not follow is only counted; with a filter, what matches. */
let counting;
function count(n) {
	changed();
	if (!list.filter) {
		list.fresh += n;
		if (list.count !== null) list.count += n;
		return;
	}
	list.seen ||= list.newest - n;
	counting ??= setTimeout(async () => {
		counting = null;
		const all = await counted(`(${list.filter}) id:${list.seen + 1}..`).catch(() => null);
		if (all && list.seen) list.fresh = all.count;
		changed();
	}, 500);
}

let arriving = [];
export function onDelivery(row) {
	if (list.total !== null) list.total++;
	list.newest = Math.max(list.newest, row.id);
	if (!list.follow || list.moreAfter) {
		count(1);
	} else if (list.filter || list.loading || catching) {
		catchUp();
	} else {
		arriving.unshift(row);
		schedule();
	}
}
function arrive() {
	const rows = arriving;
	arriving = [];
	if (list.follow) add(rows);
	else count(rows.length); // it was paused meanwhile
}
export function onMore({ count: n }) {
	if (list.follow && !list.moreAfter) catchUp();
	else count(n);
	recount();
}
export function onAttempt({ delivery }) {
	const i = indexOf(delivery.id);
	if (i < 0) return;
	list.rows[i] = { ...list.rows[i], ...delivery, marked: list.rows[i].marked };
	schedule();
}
export function onGone({ ids, before }) {
	arrive();
	const gone = new Set(ids ?? []), n = list.rows.length;
	const there = (id) => !gone.has(id) && !(before && id < before);
	list.rows = list.rows.filter((r) => there(r.id));
	list.ids &&= list.ids.filter(there);
	if (before) list.oldest = before;
	if (list.rows.length !== n) schedule();
	if (!list.rows[0]) load(list.filter);
	recount();
}

function drawNote() {
	const note = $('note');
	const kind = list.rows[0] ? 'rows' : list.loading || list.wrong ? 'loading' : list.filter ? 'nothing' : 'first';
	const of = kind + list.filter + (list.total === null);
	if (note.of === of) return;
	note.of = of;
	if (kind === 'rows' || kind === 'loading') note.replaceChildren();
	else if (kind === 'first') note.replaceChildren(firstRun ?? el('p.note', 'The first delivery shows up here by itself.'));
	else note.replaceChildren(el('div.note', el('p', `Nothing matches. ${number(list.total ?? 0)} looked at.`), el('button', { onclick: list.onClear }, 'Clear filter ', el('kbd', 'Esc')), ' ', list.wider()));
}

// The page: its views, address and keys.
import { $, alarm, clock, complain, el, foot, gate, halt, here, link, loading, number, one, plain, retry, say, swap, timeStyle, wider, word } from './dom.js';
import { aborted, counted, get } from './api.js';
import * as events from './events.js';
import * as keys from './keys.js';
import * as lists from './list.js';
import * as filters from './filter.js';
import * as details from './detail.js';
import * as deeds from './deeds.js';
import * as url from './url.js';

const { list } = lists, { detail } = details, { act } = keys, main = $('main'), look = document.documentElement.dataset;
let state = url.read(), client = { running: false }, lost, lostTimer, editing, whole, unmarked = [];

const is = (...views) => views.includes(state.view);
const numbered = () => /^\d{1,15}$/.test(state.id) && Number(state.id);
const CONTEXT = { detail: 'D', edit: 'D', diff: 'F', overview: 'O', export: 'H' };

function title() {
	const d = detail.data;
	if (is('detail', 'edit') && d) return `${d.status ?? d.state} ${plain(d.event_type ?? d.path, 80)} · creel`;
	if (is('overview')) return 'overview · creel';
	return list.fresh ? `creel (${number(list.fresh)} new)` : 'creel';
}

async function show(before = {}) {
	document.body.dataset.view = state.view;
	for (const split of ['below', 'off']) document.body.classList.toggle(split, state.split === split);
	keys.setContext(CONTEXT[state.view] ?? 'L');
	$('nav-list').ariaCurrent = is('overview', 'export') ? null : 'page';
	$('nav-overview').ariaCurrent = is('overview') ? 'page' : null;
	const beside = is('list', 'detail', 'edit');
	$('list').hidden = $('fol').hidden = !beside;
	if (beside) $('whole')?.remove();
	if (lists.setOrder(state.order) || (state.filter ?? '') !== list.filter || before.cold) lists.load(state.filter, { around: before.cold && numbered() });
	filters.set(state.filter ?? '');
	if (list.columns !== state.cols) lists.columns(state.cols);
	lists.schedule();
	if (is('list')) {
		if (!wider(1200) || state.split === 'off' || !list.selected) details.hide();
		else if (detail.id) $('detail').hidden = false;
	} else if (is('detail')) {
		if (numbered() && list.selected !== numbered()) lists.select(numbered(), !before.cold);
		clearTimeout(list.opening);
		await details.show(state);
	} else if (is('edit')) {
		editing = await deeds.edit(state.id, $('detail'), () => open(state.id)).catch(complain);
	} else if (is('help')) {
		go({ view: 'list' }, false);
		keys.help();
	} else {
		$('detail').hidden = true;
		const section = $('whole') ?? main.appendChild(el('section.det', { id: 'whole', tabindex: -1, label: 'View' }));
		whole = await import(is('overview') ? './overview.js' : './diff.js');
		const slow = setTimeout(() => section.firstChild ?? swap(section, loading()), 150);
		await whole[is('export') ? 'showExport' : 'show'](section, state).catch((error) => aborted(error) || swap(section, retry(error, show)));
		clearTimeout(slow);
	}
	document.title = title();
}

/** Changes what is shown; `step`: one of the user's, for the history. */
export function go(change, step = true) {
	const view = change.view ?? state.view;
	const next = { ...state, ...change, view };
	for (const name of ['id', 'a', 'b', 'find']) next[name] &&= String(next[name]);
	if (view !== 'detail' && view !== 'edit') delete next.id;
	if (view !== state.view || (change.id && String(change.id) !== state.id)) for (const name of ['tab', 'attempt', 'find', 'line', 'mode']) if (!(name in change)) delete next[name];
	for (const name in next) if (!next[name]) delete next[name];
	state = next;
	url.show(state, step);
	return show();
}
const amend = (change) => url.show((state = { ...state, ...change }), false);
export const open = (id) => go({ view: 'detail', id });
export const narrow = (filter) => go({ view: 'list', filter });
const back = () => {
	if (is('edit') && editing?.dirty()) return editing.leave();
	const { depth, left } = history.state ?? {};
	if (depth) history.go(left - depth);
	else go({ view: 'list' });
	if (wider(1200)) lists.focus();
};

window.onpopstate = async () => {
	state = url.read();
	await show();
	if (is('list')) lists.focus();
};

function drawClient() {
	const on = client.state === 'online';
	swap($('tun'), el(`b.${on ? 'on' : 'off'}`, client.running ? plain(client.state) : 'no tunnel', client.running && !on && client.since && ` since ${clock(client.since)}`),
		el('span.mono', { title: plain(on ? client.url : (client.detail ?? '')) }, client.running ? (on ? [gate(client.url), ' → ', gate(client.target)] : gate(client.detail ?? '')) : 'creel listen 3000 opens one'));
}
let rates = [];
function drawRate() {
	const now = Date.now();
	rates = rates.filter((t) => now - t < 5000);
	word($('rate'), list.total === null ? '' : `${number(list.total)}${rates[0] ? ` · ${number(Math.max(1, rates.length / 5))}/s` : ''}`);
}
const inList = (name) => keys.run(name, 1, 0, 'L');
function drawFollow() {
	const f = $('fol'), [paused, fresh, order] = f.children;
	if (!order) {
		f.append(el('b', 'PAUSED'), el('button.p', { onclick: () => inList(list.sort ? 'sort-again' : 'bottom') }, el('span'), el('kbd')), el('button.q', { onclick: () => inList('sort') }));
		return drawFollow();
	}
	paused.hidden = list.follow || !!list.sort;
	fresh.hidden = !list.fresh && !list.part;
	word(fresh.firstChild, list.part ? 'Sort the rest' : `${number(list.fresh)} new ${list.sort ? '' : list.old ? '↓' : '↑'}`);
	word(fresh.lastChild, list.sort ? 'S' : 'G');
	word(order, list.sort ? `by ${list.sort.replace(/^-/, '')}` : list.old ? 'newest last' : 'newest first');
	filters.drawCount();
	drawRate();
	if (document.title !== title()) document.title = title();
}

list.onChange = drawFollow;
list.onProblem = (problem, again) => {
	const unread = problem?.name === 'filter';
	filters.setWrong(unread ? problem : null);
	$('grid').style.opacity = unread ? '.55' : '';
	if (!unread && (problem ?? list.wrong)) foot();
	Object.assign(list, { wrong: problem, again });
	if (problem && !unread && list.rows[0]) alarm(problem.message, again);
};
list.onCopy = (text) => deeds.copyText(text, 'URL');
list.onClear = () => narrow('');
list.wider = () => {
	const box = el('ul'), { filter } = list, parts = filters.terms(filter);
	if (parts[1]) parts.slice(0, 4).forEach(async (part, i) => {
		const wider = filters.without(filter, i), all = await counted(wider).catch(() => null);
		if (all?.count) box.append(el('li', link(url.write({ view: 'list', filter: wider }), () => narrow(wider), `without ${plain(part)}: ${number(all.count)}`)));
	});
	return box;
};
list.onOpen = (id) => id && open(id);
list.onRange = deeds.markAll;
list.onSelect = (id) => {
	if (is('detail') && state.id !== String(id) && wider(1200)) {
		amend({ id: String(id) });
		clearTimeout(list.opening);
		list.opening = setTimeout(() => details.show(state).then(() => (document.title = title())), 60);
	}
};
detail.onBack = back;
detail.onTab = (tab, attempt) => go({ tab, ...(attempt && { attempt }) });
detail.onFilter = (term) => narrow(filters.both(state.filter, term));
detail.onLine = (line) => amend({ line });
detail.onChange = (change) => {
	amend(change);
	details.draw(state);
};

function setLost(now) {
	if (!lost === !now) return;
	lost = now;
	clearTimeout(lostTimer);
	if (!lost) {
		$('bar').hidden = true;
		drawClient();
		deeds.ready();
		lists.catchUp();
		return;
	}
	const since = new Date(events.heard).toTimeString().slice(0, 8);
	lostTimer = setTimeout(() => {
		swap($('tun'), el('b.off', { id: 'reconnecting' }, 'reconnecting'));
		lostTimer = setTimeout(() => {
			$('bar').hidden = false;
			word($('bar'), `No word from creel since ${since}. Start it again: \`creel web\`. What you see was read until then.`);
			deeds.ready();
		}, 8000);
	}, 2000);
}
deeds.hooks.lost = () => ($('bar').hidden ? null : 'creel does not answer: start it again with `creel web`');

const reread = () => is('detail') && details.refresh(state);
function listen() {
	events.on('delivery', (row) => {
		rates.push(Date.now());
		lists.onDelivery(row);
	});
	events.on('attempt', (a) => {
		lists.onAttempt(a);
		if (detail.data && detail.id === a.id) reread();
	});
	events.on('more', lists.onMore);
	events.on('gone', (g) => {
		lists.onGone(g);
		if (g.ids?.includes(detail.id)) reread();
	});
	events.on('replay', deeds.onReplay);
	events.on('state', (s) => {
		client = s;
		drawClient();
		deeds.ready();
	});
	for (const name of ['open', 'k', 'delivery', 'state']) events.on(name, () => setLost(false));
	events.on('lost', () => {
		setLost(true);
		get('/api/status').catch(() => {}); // tells 401 from gone
	});
	for (const name of ['seen', 'open', 'reset']) events.on(name, ({ record }) => (record ? location.reload() : (lists.refresh(events.tell), deeds.catchUp())));
	events.start();
	setInterval(drawRate, 2000);
}
const current = () => (is('detail') ? detail.data : lists.rowOf(list.selected));
const chosen = () => current() ?? 'choose a delivery first';
const scroller = () => one('#detail .col, #detail .pad, #whole, #scroller');
const scrollBy = (d) => scroller()?.scrollBy({ top: d });

const turned = (name, to) => ({ [name]: state[name] === to ? '' : to });
const acts = (contexts, table, when) => Object.entries(table).forEach(([name, f]) => act(name, contexts, f, when));
for (const [name, share] of [['half-page-down', 0.5], ['half-page-up', -0.5], ['page-down', 0.95], ['page-up', -0.95]]) {
	act(name, 'L', () => lists.pageStep(share));
	act(name, 'DFHO', () => scrollBy(scroller().clientHeight * share));
}
const newest = async () => {
	await lists.follow();
	if (list.rows[0]) lists.select(list.rows[0].id);
};
const other = (n) => {
	const id = lists.neighbour(state.id, n);
	if (id) lists.select(id), go({ view: 'detail', id, tab: state.tab }, false);
};
for (const tab of details.TABS) act(tab === 'raw' ? 'raw-tab' : tab, 'D', () => detail.onTab(tab));
const attempt = (d) => go({ tab: 'response', attempt: String(Math.max(1, Math.min(detail.data.attempts, Number(state.attempt ?? detail.data.attempts) + d))) });
for (const [name, f, d] of [['previous-delivery', other, -1], ['next-delivery', other, 1], ['previous-attempt', attempt, -1], ['next-attempt', attempt, 1]]) act(name, 'D', () => f(d));
for (const [name, d] of [['scroll-left', -58], ['scroll-right', 58]]) act(name, 'DF', (n) => [...document.querySelectorAll('#panel .tree, .diff')].find((t) => t.scrollWidth > t.clientWidth)?.scrollBy({ left: d * n }));
const mode = (to) => detail.onChange(turned('mode', to));
for (const name of ['fold', 'fold-all', 'fold-more', 'fold-less', 'partner']) act(name, 'D', () => detail.tree?.[name]());
let hit = -1;
const hits = (d) => {
	const text = state.find?.toLowerCase(), has = (t) => t.toLowerCase().includes(text), diff = is('diff'), tree = text && !diff && detail.tree;
	const all = tree ? tree.hits(has) : [...document.querySelectorAll(!diff ? '#detail mark' : text ? '.diff .l' : '[data-hunk]')].filter((n) => !diff || !text || has(n.textContent));
	if (!all[0]) return text && alarm('not found');
	hit = (hit + d + all.length) % all.length;
	if (one('.hits')) word(one('.hits'), `${number(hit + 1)}/${number(all.length)}`);
	one('.now')?.classList.remove('now');
	if (tree) tree.go(all[hit]);
	const node = tree ? one('.cur mark') : all[hit];
	node?.classList.add('now');
	node?.scrollIntoView({ block: 'center' });
};
const orderBy = (order) => go({ order: order || url.kept.get('order', '') });
list.onOrder = (name) => (name !== 'time' ? orderBy(lists.nextOrder(name)) : list.sort ? orderBy('') : inList('reverse'));
act('replay', 'LD', () => (list.marked.size && is('list') ? deeds.replayMany({ delivery_ids: [...list.marked] }, list.marked.size) : deeds.run('replay', current())), () => deeds.hooks.lost() ?? (list.marked.size || chosen()));
acts('LD', {
	edit: () => deeds.run('edit', current()),
	mark: async () => {
		await deeds.mark(current().id);
		if (is('detail')) details.draw(state);
	},
	diff: () => deeds.diff(current()),
	copy: async () => deeds.copy(detail.data ?? (await get(`/api/deliveries/${current().id}`)), $('deed-copy') ?? document.activeElement),
	delete: () => deeds.erase(list.marked.size && is('list') ? [...list.marked] : [current().id]),
}, chosen);
for (const what of ['note', 'tags']) {
	act(what, 'LD', async () => {
		await deeds.label(current(), what);
		reread();
	}, chosen);
}
for (const [name, term] of [['only-marked', 'tag:marked'], ['only-failed', 'state:failed']]) act(name, 'L', () => narrow(filters.toggle(state.filter ?? '', term)));
act('more-like-this', 'L', () => {
	const r = current(), like = filters.both(...[['source', r.provider], ['event', r.event_type], ['path', r.path]].map(([f, v]) => v && `${f}:${filters.quoted(v)}`));
	narrow(state.filter === like ? '' : like);
}, chosen);
for (const [name, split] of [['split', 'off'], ['below', 'below']]) act(name, 'LD', () => go(turned('split', split), false));
acts('L', {
	down: lists.step,
	up: (n) => lists.step(-n),
	top: async (n, key) => {
		if (list.ids) return lists.end(0);
		if (key === 'Home' && !list.old) return newest();
		const oldest = await get('/api/deliveries', { filter: list.filter, after: 1, limit: 1 }).catch(() => null);
		const id = Math.min(...[oldest?.deliveries[0]?.id, list.oldest].filter(Boolean));
		if (Number.isFinite(id)) await lists.load(list.filter, { around: id });
		lists.pause();
	},
	bottom: (n, key) => (list.ids ? lists.end(-1) : key === 'End' && !list.old ? keys.run('top') : newest()),
	open: () => list.onOpen(list.selected || list.rows[0]?.id),
	clear: () => {
		if (!$('strip').hidden) $('strip').hidden = true;
		else if (state.filter) narrow('');
		else if (list.sort) orderBy('');
	},
	search: filters.focus,
	filter: filters.focus,
	follow: () => (list.sort ? orderBy('') : list.follow ? lists.pause() : lists.follow()),
	sort: () => keys.menu(one('#fol .q'), ['time', ...lists.SORTS].map((name, i) => [name, 'csmpentzufhgra'[i], () => list.onOrder(name)])),
	'sort-again': () => lists.load(list.filter, { on: list.part }),
	reverse: () => {
		if (list.sort) return orderBy(lists.turned(list.sort));
		const order = list.old ? '' : 'old';
		url.kept.set('order', order);
		go({ order });
		lists.follow();
		drawFollow();
	},
	'replay-filtered': async () => {
		const { filter } = list, all = await counted(filter).catch(complain);
		if (all) deeds.replayMany({ filter }, all.count);
	},
	'saved-filters': () => {
		const saved = url.kept.get('saved', {}), f = state.filter, items = Object.entries(saved).map(([name, filter]) => [name, '', () => narrow(filter)]), known = Object.keys(saved).find((name) => saved[name] === f);
		if (f) items.push([known ? 'Forget it' : 'Save this filter', 's', () => {
			const name = known ?? prompt('Name', f);
			if (name) url.kept.set('saved', { ...saved, [name]: known ? undefined : f });
			filters.set(f);
		}]);
		if (items.length) keys.menu($('flt'), items);
		else say('No filter is saved');
	},
	columns: () => {
		const on = new Set((state.cols ?? lists.DEFAULT).split(','));
		keys.dialog('Columns', [keys.choice('dense', 'Dense rows', url.kept.get('dense'), (on) => lists.redrawAll(url.kept.set('dense', on))), lists.COLUMNS.map((name) => keys.choice(name, name, on.has(name), (shown) => {
			on[shown ? 'add' : 'delete'](name);
			const cols = lists.COLUMNS.filter((n) => on.has(n)).join() || 'none';
			url.kept.set('cols', cols);
			go({ cols: cols === lists.DEFAULT ? '' : cols }, false);
		}))]);
	},
	'unmark-all': () => deeds.markAll((unmarked = [...list.marked]), false),
	'mark-again': () => deeds.markAll(unmarked.splice(0)),
});
acts('DFHO', {
	down: (n) => scrollBy(40 * n),
	up: (n) => scrollBy(-40 * n),
	top: () => scroller()?.scrollTo({ top: 0 }),
	bottom: () => scroller()?.scrollTo({ top: 1e9 }),
	back,
});
acts('D', {
	pretty: () => mode('raw'),
	hex: () => mode('hex'),
	offset: () => {
		const to = prompt('Line, or offset in bytes (0x…)', state.line ?? '');
		if (!to) return;
		one('#detail .tree')?.goTo?.(Number(to) || 0);
		detail.onLine(String(Number(to) || 0));
	},
	search: () => {
		hit = -1;
		const box = one('#detail .find');
		box?.focus();
		box?.select();
	},
});
acts('DF', {
	'next-hit': () => hits(1),
	'previous-hit': () => hits(-1),
	wrap: () => main.classList.toggle('wrap'),
});
acts('LD', {
	share: () => setShare({ 40: 50, 50: 60 }[share()] ?? 40),
	'stop-replay': () => one('#strip button')?.click(),
	export: () => go({ view: 'export' }),
});
act('time', 'LDO', () => {
	timeStyle.next();
	lists.redrawAll();
	redraw();
});
const redraw = () => (is('overview') ? whole?.turns?.draw?.() : is('edit') || state.tab === 'verify' || details.draw(state));
acts('O', {
	shorter: () => whole.turns.longer(-1),
	longer: () => whole.turns.longer(1),
	by: () => whole.turns.by(),
});
acts('*', {
	overview: () => go({ view: is('overview') ? 'list' : 'overview' }),
	theme: () => url.kept.set('theme', (look.theme = { dark: 'light', light: '' }[look.theme] ?? 'dark')),
});
acts('F', {
	search: () => {
		const text = prompt('Find', state.find ?? '');
		if (text !== null) amend({ find: text }), hits(1, (hit = -1));
	},
	volatile: () => go(turned('mode', 'all')),
	'key-order': () => go(turned('order', 'keys')),
});
deeds.hooks.client = () => client;
const share = () => Number(url.kept.get('share', 46));
function setShare(percent) {
	const to = Math.round(Math.max(20, Math.min(80, percent)));
	url.kept.set('share', to);
	$('list').style.setProperty('--share', `${to}%`);
	$('splitter').ariaValueNow = to;
	lists.schedule();
}
function buildSplitter() {
	const s = el('div.splitter', { id: 'splitter', role: 'separator', tabindex: 0, 'aria-orientation': 'vertical', label: 'Width of the list', 'aria-valuemin': 20, 'aria-valuemax': 80, 'aria-valuenow': 46 });
	s.onkeydown = (e) => {
		const d = { ArrowLeft: -2, ArrowRight: 2 }[e.key];
		if (d) halt(e), setShare(share() + d);
	};
	s.onpointerdown = (e) => (halt(e), s.setPointerCapture(e.pointerId));
	s.onpointermove = (e) => s.hasPointerCapture(e.pointerId) && setShare((e.clientX / innerWidth) * 100);
	return s;
}

async function start() {
	look.theme = url.kept.get('theme', '');
	lists.build(main).after(buildSplitter());
	details.build(main).hidden = true;
	const cols = url.kept.get('cols', lists.DEFAULT);
	if (cols !== lists.DEFAULT) state.cols ??= cols;
	if (!is('diff')) state.order ??= url.kept.get('order', '');
	if (url.kept.get('share')) setShare(share());
	filters.build((text, step) => go({ filter: text, ...(is('detail', 'edit') && !wider(1200) ? { view: 'list' } : {}) }, step));
	for (const view of ['list', 'overview']) $(`nav-${view}`).onclick = here(() => go({ view }));
	$('nav-help').onclick = here(() => keys.run('help'));
	if (!state.filter && $('filter').value) state.filter = $('filter').value; // the server's own
	drawFollow();
	const table = get('/api/actions').then(keys.start);
	if (is('help')) await table;
	await Promise.all([show({ cold: true }), table]);
	listen();
	if (is('list')) lists.focus();
	document.body.dataset.ready = '1';
	document.addEventListener('click', (e) => {
		const off = e.target.closest('[aria-disabled=true]');
		if (off) halt(e), alarm(off.title);
	}, true);
	window.onresize = redraw;
	window.onbeforeprint = () => (main.dataset.print = `${location.href}, ${Date()}`);
	window.onbeforeunload = (e) => {
		if (is('edit') && editing?.dirty()) halt(e);
	};
}
start().catch((error) => {
	console.error(error);
	alarm(`The page cannot start: ${error.message}`);
});

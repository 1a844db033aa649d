// Charts of what matches.
import { button, clamp, el, fill, gate, halt, icon, iso, link, number, one, outcomeNode, say, select, size, svg, swap, table, took, wider } from './dom.js';
import { get, latest } from './api.js';
import { both, quoted } from './filter.js';
import { go, narrow, open } from './main.js';
import { write } from './url.js';

const STEPS = [1, 5, 15, 60, 300, 900, 3600, 10800, 21600, 86400], SPANS = { '1h': 3600, '6h': 21600, '24h': 86400, '7d': 604800, '30d': 2592000 };
const BY = ['source', 'event', 'path', 'status'];
const KINDS = [['2xx', 'f2'], ['3xx', 'f3'], ['4xx', 'f4'], ['5xx', 'f5'], ['no_answer', 'f6', 'no answer'], ['waiting', 'fw']];
const signal = latest();
let state, current = -1, anchor, tabled = {};
export const turns = {};

const sum = (list, f) => list.reduce((n, x) => n + f(x), 0);
const all = (b) => sum(KINDS, ([k]) => b[k]);
const from = (b) => iso(b.at).slice(0, 16).replace('T', ' ');
const failed = (b) => b['4xx'] + b['5xx'] + b.no_answer;
let step = 60;
const utc = (s) => `${new Date(s * 1000).toISOString().slice(0, 19)}Z`;
const hm = (at) => iso(at).slice(...(step < 86400 ? [11, 16] : [5, 10]));
const label = (s) => (s < 60 ? `${s} s` : s < 3600 ? `${s / 60} min` : s < 86400 ? `${s / 3600} h` : `${s / 86400} d`);

function nice(most) {
	const raw = Math.max(4, most) / 4, p = 10 ** Math.floor(Math.log10(raw));
	return p * [1, 2, 5, 10].find((m) => m * p >= raw - 1e-9);
}

const frame = (W, height, label) => svg('svg', { class: 'ch', height, viewBox: `0 0 ${W} ${height}`, role: 'img', tabindex: 0, label });
const rect = (c, x, y, width, height) => svg('rect', { class: c, x, y, width, height });
const path = (c, d) => svg('path', { class: c, d }), text = (x, y, t, anchor = 'end') => svg('text', { x, y, 'text-anchor': anchor }, t);
function scale(chart, H, x, W, tick, name) {
	for (let i = 0; i < 5; i++) chart.append(path(i ? 'gr' : 'ax', `M${x} ${H - (i / 4) * H}H${W - 8}`), text(x - 6, H + 4 - (i / 4) * H, name(i * tick)));
}
const data = ([first, ...head], rows) => table([first, ...head.map((h) => `>${h}`)], rows);

const box = (title, end, ...inside) => el('section.card', { label: title }, el('h2', title, el('span.end', end)), inside);
function card(id, title, end, chart, rows, again) {
	return box(title, [end, el('button.q', { pressed: !!tabled[id], onclick: () => ((tabled[id] = !tabled[id]), again()) }, tabled[id] ? 'Show as chart' : 'Show as table')], tabled[id] ? rows() : chart());
}

function bars(s, W) {
	const H = 160, n = s.buckets.length, bw = (W - 48) / n, tick = nice(Math.max(...s.buckets.map(all))), most = tick * 4;
	const chart = frame(W, 182, `Deliveries by outcome: ${number(s.count)}, of them ${number(s.failed)} failed. Arrows move along the bars, Enter filters.`);
	scale(chart, H, 40, W, tick, number);
	const every = Math.ceil(80 / bw);
	s.buckets.forEach((b, i) => {
		let at = H;
		for (const [k, c] of KINDS) {
			const h = (b[k] / most) * H;
			if (h > 0.3) chart.append(rect(c, 40 + i * bw, (at -= h).toFixed(1), Math.max(1, bw - 1.5).toFixed(1), h.toFixed(1)));
		}
		if (~~(Date.parse(b.at) / 1e3 / s.step_s) % every === 0 && i * bw < W - 80) chart.append(path('ax', `M${40 + i * bw} ${H}v4`), text(40 + i * bw, H + 17, hm(b.at) === '00:00' ? iso(b.at).slice(5, 10) : hm(b.at), null));
	});
	const now = rect('curbar'), words = el('span.cur', { 'aria-live': 'polite' });
	chart.append(now);
	const move = (i, extend) => {
		current = clamp(i, n - 1);
		if (!extend) anchor = current;
		const chosen = range(), h = Math.max(4, (Math.max(...chosen.map(all)) / most) * H), end = Date.parse(chosen.at(-1).at) + step * 1000;
		fill(now, { x: 38 + Math.min(anchor, current) * bw, y: H - h - 3, width: chosen.length * bw + 2.5, height: h + 5 });
		words.textContent = `${hm(chosen[0].at)}–${hm(end)}: ${number(sum(chosen, all))}, of them ${number(sum(chosen, failed))} failed`;
	};
	const range = () => s.buckets.slice(Math.min(anchor, current), Math.max(anchor, current) + 1);
	move(current < 0 ? n - 1 : current);
	const choose = (not) => {
		const chosen = range(), from = utc(Date.parse(chosen[0].at) / 1000), to = utc(Date.parse(chosen.at(-1).at) / 1000 + step);
		const rest = (state.filter ?? '').split(' ').filter((t) => !/^-?(since|before):/.test(t)).join(' ');
		narrow(`${rest} ${not ? `(before:${from} OR since:${to})` : `since:${from} before:${to}`}`.trim());
	};
	chart.onkeydown = (e) => {
		const step2 = { ArrowRight: 1, l: 1, ArrowLeft: -1, h: -1 }[e.key];
		if (step2) move(current + step2, e.shiftKey);
		else if (e.key === 'Enter') choose(e.shiftKey);
		else return;
		halt(e);
	};
	chart.onpointerdown = chart.onpointermove = (e) => {
		if (e.buttons === 1) move(~~((((e.clientX - chart.getBoundingClientRect().left) / chart.clientWidth) * W - 40) / bw), e.type === 'pointermove' || e.shiftKey);
	};
	chart.ondblclick = () => choose(false);
	return [chart, el('div.leg', KINDS.filter(([k]) => k !== 'waiting' || sum(s.buckets, (b) => b[k])).map(([k, c, name]) => el('span', svg('svg', { class: 'i' }, rect(c, 0, 0, 12, 12)), ` ${name ?? k} ${number(sum(s.buckets, (b) => b[k]))}`)), words)];
}

function percentiles(s, W) {
	const H = 120, y = (ms) => H - (Math.log10(Math.max(1, ms)) / 5) * H, x = (i) => 44 + (i * (W - 92)) / Math.max(1, s.buckets.length - 1);
	const chart = frame(W, 142, `How long the app took: half within ${took(s.took.p50_ms)}, 95 of 100 within ${took(s.took.p95_ms)}, 99 within ${took(s.took.p99_ms)}`);
	for (const ms of [1, 10, 100, 1000, 10000]) chart.append(path(ms === 1 ? 'ax' : 'gr', `M44 ${y(ms)}H${W - 44}`), text(38, y(ms) + 4, ms < 1000 ? `${ms} ms` : `${ms / 1000} s`));
	let above = H + 20;
	for (const p of ['p50', 'p95', 'p99']) {
		let d = '', pen = false, last = null;
		s.buckets.forEach((b, i) => {
			const v = b[`${p}_ms`], on = pen;
			pen = v !== null;
			if (!pen) return;
			last = y(v);
			d += `${on ? 'L' : 'M'}${x(i).toFixed(1)} ${last.toFixed(1)}${on ? '' : 'h.1'}`;
		});
		if (last !== null) chart.append(path(`pl ${p}`, d), svg('text', { class: 'tl', x: W - 40, y: (above = Math.min(above - 12, last + 4)) }, p));
	}
	for (const i of [0, 1, 2].map((n) => ~~((n * s.buckets.length) / 3))) if (s.buckets[i]) chart.append(text(x(i), 137, hm(s.buckets[i].at), null));
	return chart;
}

const upTo = (ms) => (ms === null ? 'more' : ms < 1000 ? String(ms) : `${ms / 1000}s`);
function histogram(s, W) {
	const H = 120, list = s.took.histogram, tick = nice(Math.max(...list.map((h) => h.count))), w = (W - 56) / list.length;
	const chart = frame(W, 142, `Distribution of how long the app took; the longest ${took(s.took.max_ms)}`);
	scale(chart, H, 44, W, tick, (v) => (v >= 1000 ? `${v / 1000}k` : v));
	list.forEach((h, i, _, tall = (h.count / tick / 4) * H) => chart.append(rect('fa', 46 + i * w, H - tall, w - 4, tall), W > 420 || i % 2 === 0 ? text(46 + i * w + w / 2 - 2, 137, h.le_ms === null ? '+' : upTo(h.le_ms), 'middle') : ''));
	return chart;
}

function groups(id, list, by, again) {
	const most = tabled[id] ? list.length : 8;
	const filter = (key, not) => narrow(both(state.filter, `${not ? '-' : ''}${by}:${quoted(key)}`));
	return [data([by.toUpperCase(), 'COUNT', 'OUTCOME', 'FAILED', 'P95'], list.slice(0, most).map((g) => {
		const share = g.count ? (100 * g.failed) / g.count : 0, part = (name, width) => el(name, { style: { width: `${width}%` } });
		return [el('button.q', { title: 'Enter filters, Shift+Enter excludes', onclick: (e) => filter(g.key, e.shiftKey) }, gate(g.key || 'none')), number(g.count), el('span.meter', { hush: 'true' }, part('i.k2', 100 - share), part('i.k5', share)), number(g.failed), took(g.p95_ms)];
	})), list.length > most && button(`${list.length - most} more`, () => ((tabled[id] = true), again()))];
}

export async function show(section, now) {
	state = now;
	const [named, until] = (state.span ?? '').split(','), span = SPANS[named] ? named : '24h', seconds = SPANS[span], by = BY.includes(state.by) ? state.by : 'source';
	const usable = STEPS.filter((s) => seconds / s <= 120 && seconds / s >= 12), phone = () => !wider(600);
	step = usable.includes(Number(state.step)) ? Number(state.step) : usable.find((s) => seconds / s <= (phone() ? 48 : 100)) ?? usable.at(-1);
	const to = Math.ceil((Date.parse(`${until}Z`) || Date.now()) / 1000 / step) * step, change = (name) => (v) => go({ [name]: v });
	turns.longer = (d) => change('step')(usable[usable.indexOf(step) + d] ?? step);
	turns.by = () => change('by')(BY[(BY.indexOf(by) + 1) % BY.length]);
	const s = await get('/api/stats', { filter: state.filter, from: to - seconds, to, step, by }, { signal: signal() }), ids = [...s.slowest, ...s.largest];
	const rows = ids[0] ? (await get('/api/deliveries', { ids })).deliveries : [];
	const last = !s.count && (await get('/api/deliveries', { filter: state.filter, limit: 1 })).deliveries[0];
	const there = last && { ...state, span: `${span},${utc(Date.parse(last.received_at) / 1000 + 60).slice(0, 16)}` };
	const within = until ? `since:${utc(to - seconds)} before:${utc(to)}` : `since:${span}`;
	const opened = (id, text) => link(`/d/${id}`, () => open(id), text);
	const most = (title, ids, order, field, text) => box(title, button('More', () => go({ view: 'list', order, filter: both(state.filter, within) })),
		data(['DELIVERY', 'OUTCOME', order.slice(1).toUpperCase()], ids.flatMap((id) => rows.find((r) => r.id === id) ?? []).map((r) => [opened(r.id, [`#${r.id} `, gate(r.event_type ?? r.path)]), outcomeNode(r), text(r[field])])));
	const draw = turns.draw = () => {
		section.className = 'over';
		const W = Math.max(260, section.clientWidth - (phone() ? 50 : 66)), half = phone() ? W : W / 2 - 24;
		const peak = s.buckets.reduce((m, b) => (failed(b) > failed(m) ? b : m)), tile = (title, value, under, kind, sign) => el('div.card.tile', el('span', title), el(`b${kind ? `.${kind}` : ''}`, sign && icon(sign), value), el('span', under));
		const choose = (label, options, now, change, text = (o) => o) => select({ label }, options.map((o) => [o, text(o)]), now, change);
		swap(section,
			tile(`Deliveries, ${span}${until ? ` until ${from({ at: to * 1000 })}` : ''}`, number(s.count), s.searched < s.total ? `so far, ${number(s.searched)} of ${number(s.total)} looked at` : `${number(Math.max(...s.buckets.map(all)))} in ${label(step)} at most`),
			tile('Failed', number(s.failed), s.failed ? `${((100 * s.failed) / s.count).toFixed(1)} %, most at ${hm(peak.at)}` : 'none', 'o5', 's5'),
			tile('Took p50 / p95 / p99', s.took.p50_ms === null ? '–' : `${[s.took.p50_ms, s.took.p95_ms, s.took.p99_ms].map(Math.round).join(' / ')} ms`, s.slowest[0] ? ['slowest ', opened(s.slowest[0], took(s.took.max_ms))] : '–'),
			tile('Waiting', number(s.waiting), `bad signature: ${number(s.bad_signatures)}`, 'ow', 'sw'),
			card('bars', 'Deliveries by outcome', [choose('Span', Object.keys(SPANS), span, (v) => go({ span: v, step: '' })), choose('Step', usable, step, change('step'), (o) => `${label(o)} a bar`)], () => (s.count ? bars(s, W) : [bars(s, W)[0], el('p', 'No deliveries in this span. ', there && link(write(there), () => go(there), 'The last span that has any'))]),
				() => data(['FROM', ...KINDS.map(([k, , name]) => name ?? k)], s.buckets.filter(all).map((b) => [from(b), ...KINDS.map(([k]) => number(b[k]))])), draw),
			card('took', 'Took, percentiles', 'log scale', () => percentiles(s, half), () => data(['FROM', 'P50', 'P95', 'P99'], s.buckets.filter((b) => b.p50_ms !== null).map((b) => [from(b), took(b.p50_ms), took(b.p95_ms), took(b.p99_ms)])), draw),
			card('distribution', 'Took, distribution', 'up to, ms', () => histogram(s, half), () => data(['UP TO, MS', 'COUNT'], s.took.histogram.map((h) => [upTo(h.le_ms), number(h.count)])), draw),
			box(`By ${by}`, choose('By', BY, by, change('by')), groups('by', s.by, by, draw)),
			box('Most failed', '', groups('failed', s.most_failed, by, draw)),
			most('Slowest', s.slowest, '-took', 'duration_ms', took), most('Largest', s.largest, '-size', 'request_bytes', size));
	};
	draw();
	say(`${number(s.count)} deliveries, ${number(s.failed)} failed`);
	if (!document.activeElement.matches('#filter, #whole *')) one('svg.ch')?.focus({ preventScroll: true });
}

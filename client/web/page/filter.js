// The filter's box: completion, what is wrong with it, chips, history.
import { $, button, choices, el, fill, halt, highlight, icon, instead, number, one, plain, swap, word } from './dom.js';
import { aborted, get, latest } from './api.js';
import { kept } from './url.js';
import { list } from './list.js';

const CHIPS = [['Failed', 'state:failed', 's5'], ['Last hour', 'since:1h'], ['Bad signature', 'sig:bad']];
let box, input, shade, options, sentence, apply, wrong, at = -1, found = [], typing, asking, before = '', past = -1;
const signal = latest();

export const terms = (text) => text.match(/(?:[^\s"()]|"(?:\\.|[^"\\])*")+|[()]/g) ?? [];
export function toggle(text, term) {
	const all = terms(text);
	return (all.includes(term) ? all.filter((t) => t !== term) : [...all, term]).join(' ');
}
export const both = (...filters) => filters.filter(Boolean).join(' ');
export const without = (text, i) => terms(text).filter((_, n) => n !== i).join(' ');
export const quoted = (value) => (/^[\w./-]+$/.test(value) ? value : `"${String(value).replace(/["\\]/g, '\\$&')}"`);

/** `onFilter(text, step)`: step is true for what belongs into the history. */
export function build(onFilter) {
	apply = onFilter;
	box = one('#flt .box');
	input = $('filter');
	input.before((shade = el('span.shade', { hush: 'true' })));
	options = el('ul.options', { role: 'listbox', id: 'filter-options', label: 'Completions', hidden: true });
	sentence = el('div.sentence', { id: 'filter-wrong', hidden: true });
	$('flt').append(options, sentence);
	fill(input, { role: 'combobox', 'aria-expanded': 'false', 'aria-controls': 'filter-options', 'aria-autocomplete': 'list', 'aria-describedby': 'filter-wrong' });
	input.onfocus = () => (before = input.value);
	input.onblur = close;
	input.onscroll = paint;
	input.oninput = () => {
		past = -1;
		wrong = 0;
		paint();
		clearTimeout(typing);
		clearTimeout(asking);
		asking = setTimeout(complete, 80);
		typing = setTimeout(() => apply(input.value.trim(), false), 150);
	};
	input.onkeydown = onKey;
	box.onsubmit = instead(keep);
	drawChips();
}

/** The text once more, below the box's own: fields have their colour there, what is wrong a wave. */
function paint() {
	const text = input.value, begin = text.search(/\S/) + wrong - 1;
	word(shade, text);
	const t = shade.firstChild;
	highlight('field', [...text.matchAll(/"(?:\\.|[^"\\])*"|(?<![^\s(-])[a-z][\w.]*:/gi)].filter((m) => m[0][0] !== '"' && m.index !== begin).map((m) => [t, m.index, m.index + m[0].length]));
	highlight('wrong', wrong && t ? [[t, begin, begin + text.slice(begin).search(/[\s()]|$/)]] : []);
	shade.scrollLeft = input.scrollLeft;
}
function write(text) {
	input.value = text;
	paint();
}

function keep() {
	clearTimeout(typing);
	const text = input.value.trim();
	if (text) kept.set('filters', [...new Set([text, ...kept.get('filters', [])])].slice(0, 50));
	before = text;
	close();
	apply(text, true);
}

function onKey(event) {
	const open = !options.hidden, { key } = event;
	if (key === 'Enter') {
		if (open && at >= 0) pick(at);
		else {
			keep();
			$('grid').focus();
		}
	} else if (key === 'Escape') {
		if (open) close();
		else {
			write(before);
			apply(before, false);
			input.blur();
			$('grid').focus();
		}
	} else if (key === 'Tab' && open && found[0]) pick(Math.max(0, at));
	else if (key === 'ArrowDown' && open) {
		at = Math.min(found.length - 1, at + 1);
		draw();
	} else if (key === 'ArrowUp') {
		if (open && at > 0) at--;
		else {
			const all = kept.get('filters', []);
			past = Math.min(all.length - 1, past + 1);
			if (all[past] !== undefined) write(all[past]);
			close();
		}
		draw();
	} else return;
	halt(event);
}

async function complete() {
	try {
		const answer = await get('/api/filter', { text: input.value, caret: new TextEncoder().encode(input.value.slice(0, input.selectionStart)).length }, { signal: signal() });
		found = document.activeElement === input ? answer.completions.slice(0, 50) : [];
		at = -1;
		draw();
	} catch (error) {
		if (!aborted(error)) close();
	}
}

function draw() {
	options.hidden = !found[0];
	input.ariaExpanded = !!found[0];
	choices(input, options, found.map((c, i) => [c.text, c.count === null ? c.help ?? '' : number(c.count), () => pick(i)]), at);
}

function close() {
	found = [];
	at = -1;
	draw();
}

function pick(i) {
	const text = found[i].text, end = input.selectionStart, start = input.value.slice(0, end).search(/[^\s()]*$/), minus = input.value[start] === '-' ? '-' : '';
	const head = input.value.slice(0, start) + minus + text + (text.endsWith(':') ? '' : ' ');
	write(head + input.value.slice(end).trimStart());
	input.setSelectionRange(head.length, head.length);
	close();
	input.dispatchEvent(new Event('input'));
}

export function set(text) {
	if (document.activeElement !== input) write(text);
	drawChips();
}
export const focus = () => (input.focus(), input.select());

export function setWrong(problem) {
	box.classList.toggle('bad', !!problem);
	input.ariaInvalid = !!problem;
	sentence.hidden = !problem;
	const { column, suggestion: meant } = problem?.body ?? {};
	wrong = column;
	paint();
	swap(sentence, problem && `${column ? `Column ${column}: ` : ''}${plain(problem.message)} `, meant && button(plain(meant), () => {
		const text = input.value;
		write(text.slice(0, column - 1) + text.slice(column - 1).replace(meant.endsWith(':') ? /^[^\s:()]*:?/ : /^[^\s()]*/, meant));
		keep();
	}));
}

function drawChips() {
	const text = input.value, all = [...CHIPS, ...Object.entries(kept.get('saved', {})).slice(0, 6)];
	swap($('chips'), all.map(([name, term, sign]) => el('button.chip', { pressed: terms(text).includes(term), onclick: () => {
		write(toggle(input.value, term));
		keep();
	} }, sign && icon(sign), name)));
}

export function drawCount() {
	const { searched: s, count, filter, walk } = list;
	word($('cnt'), walk || (s ? `searched ${number(s.searched)} of ${number(s.total)}…` : isNaN(count) ? '' : filter ? `${list.counted ? 'at least ' : ''}${number(count)} of ${number(list.total)}` : number(count)));
}

// The judgement over a run: what the senders were told, what is on record, and what the app saw, held against each other.

const RESULT_ABORTED = 3, RESULT_CANCELLED = 5; // shared/store.sql, attempt.result
const FINISHED = new Set([2, 3, 5]); // delivery.state: delivered, failed, refused
const STOP_SLACK_MS = 250;

/** A sender that broke off in the middle of its body is on record as refused, without one. */
const brokeOff = (row, entry) => row.state === 5 && row.size === 0 && !isAcknowledged(entry);
const isAcknowledged = (entry) => entry.status >= 200 && entry.status < 300;

/**
 * The app's own end can break off a connection that it took but did not read: the attempt says aborted, at a moment at
 * which the app stopped, and creel has called it as promised.
 */
function brokenByApp(rows, stops) {
	return rows.some((row) => row.results.some((r) => r.result === RESULT_ABORTED &&
		stops.some((at) => at >= r.from - STOP_SLACK_MS && at <= r.to + STOP_SLACK_MS)));
}

/**
 * Whether the client was killed during an attempt: begun again, it found it unfinished, and there was a kill since the
 * attempt before it. Unlike the app's times these do not depend on how soon a busy app saw the call.
 */
function cutByKill(results, attempt, { clientKills, sentAt }) {
	const cut = results[attempt - 1];
	return cut?.result === RESULT_CANCELLED && clientKills.some((at) => at >= (results[attempt - 2]?.to ?? sentAt) && at <= cut.to);
}

/** Of one number's calls, those after the first that have no excuse. */
function callsAgain(calls, results, { clientKills, stops, sentAt }) {
	const again = { unmarked: 0, withoutReason: 0 };
	for (let i = 1; i < calls.length; i++) {
		const before = calls[i - 1];
		const call = calls[i];
		const within = (times) => times.some((at) => at >= before.at - STOP_SLACK_MS && at <= call.at);
		const byApp = !before.answered && within(stops);
		if (!byApp && !within(clientKills) && !cutByKill(results, before.attempt, { clientKills, sentAt })) again.withoutReason++;
		// libcurl itself tries once more on a kept connection that the app closed without a word.
		if (!byApp && call.attempt < 2) again.unmarked++;
	}
	return again;
}

/** Gives { figures, faults }: faults are the musts that do not hold, each with numbers to look at. */
export function judge({ ledger, rows, calls, stops = [], clientKills = [], wrongAnswers = [] }) {
	const byNumber = new Map();
	for (const row of rows) {
		if (!byNumber.has(row.number)) byNumber.set(row.number, []);
		byNumber.get(row.number).push(row);
	}
	const bad = { lost: [], recordedTwice: [], bytesDiffering: [], neverCalled: [], appBytesDiffering: [], strangers: [], wrongAnswers, unfinished: [],
		calledAgainUnmarked: [], calledAgainWithoutReason: [] };
	const figures = { sent: ledger.size, acknowledged: 0, byApp: 0, byRelay: 0, refused: 0, errors: 0, onRecord: rows.length, onRecordThoughRefused: 0, brokenByApp: 0 };

	for (const [number, entry] of ledger) {
		const recorded = byNumber.get(number) ?? [];
		if (recorded.length > 1) bad.recordedTwice.push(number);
		if (recorded.some((row) => row.sha256 !== entry.sha256 && !brokeOff(row, entry))) bad.bytesDiffering.push(number);
		if (!isAcknowledged(entry)) {
			if (entry.status !== null) figures.refused++;
			else figures.errors++;
			if (recorded.length) figures.onRecordThoughRefused++;
			continue;
		}
		figures.acknowledged++;
		figures[entry.byApp ? 'byApp' : 'byRelay']++;
		if (recorded.length === 0) bad.lost.push(number);
		if (calls.has(number)) continue;
		if (brokenByApp(recorded, stops)) figures.brokenByApp++;
		else bad.neverCalled.push(number);
	}
	for (const row of rows) {
		if (!ledger.has(row.number)) bad.strangers.push(row.number);
		if (!FINISHED.has(row.state)) bad.unfinished.push(row.number);
	}
	let calledAgain = 0;
	for (const [number, list] of calls) {
		const entry = ledger.get(number);
		if (!entry || list.some((call) => call.whole && call.sha256 !== entry.sha256)) bad.appBytesDiffering.push(number);
		if (list.length < 2) continue;
		const { unmarked, withoutReason } = callsAgain(list, byNumber.get(number)?.[0].results ?? [], { clientKills, stops, sentAt: entry?.at ?? 0 });
		calledAgain++;
		if (unmarked) bad.calledAgainUnmarked.push(number);
		if (withoutReason) bad.calledAgainWithoutReason.push(number);
	}
	const counts = Object.fromEntries(Object.entries(bad).map(([name, list]) => [name, list.length]));
	const faults = Object.entries(bad).filter(([name, list]) => MUSTS.includes(name) && list.length)
		.map(([name, list]) => ({ name, count: list.length, numbers: list.slice(0, 10) }));
	return { figures: { ...figures, calledAgain, ...counts }, faults };
}

/** What must be 0. */
export const MUSTS = ['lost', 'recordedTwice', 'bytesDiffering', 'neverCalled', 'appBytesDiffering', 'strangers', 'wrongAnswers', 'unfinished',
	'calledAgainUnmarked', 'calledAgainWithoutReason'];

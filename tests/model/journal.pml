/* The client's journal (shared/store/journal.md) and its database, through kills and power cuts at any moment: a delivery
 * is written, synced, acknowledged, its app called, the end of the call written, the answer sent, both brought into the
 * database, which is synced, and the journal begun again. What a thread of the client does is one step here, so that
 * spin tries every order of them.
 *
 *     spin -a journal.pml && cc -O2 -DSAFETY -o pan pan.c && ./pan
 *
 * KILLS and POWER_CUTS bound what happens; a BAD_ or HOLE_ macro breaks the design on purpose (run.sh). A property is
 * an assert that names itself: hidden bytes are always 0. */
#ifndef N
#define N 2
#endif
#ifndef KILLS
#define KILLS 2
#endif
#ifndef POWER_CUTS
#define POWER_CUTS 1
#endif

hidden byte acknowledged_is_on_record; /* what was acknowledged is in the database once the next run has begun */
hidden byte brought_in_once; /* no delivery and no end of a call is in the database twice, nor an end without its delivery */
hidden byte answered_is_not_called_again; /* after kills alone: no app is called again for a sender that was answered */

#define RECORDS (2 * N)
#define DELIVERY(i) (2 * (i))
#define END(i) (2 * (i) + 1)

/* The journal of this run: records[from .. written) stand in its file, all before `synced` outlive a power cut. */
byte records[RECORDS];
byte from, written, synced;
/* The database, as others see it and as it is on the disk: how often each record is in it, and the mark. */
byte in_db[RECORDS], on_disk[RECORDS];
byte mark, mark_on_disk;
/* The row that names the journal. */
bit row, row_on_disk;

bit alive = 1, recovered;
byte kills, power_cuts;
bit came[N], ended[N], acknowledged[N], answered[N], cut_since[N];
byte place[N]; /* 1 + its record's place; 0: it was in the database when this run began */

inline put(what)
{
	records[written] = what;
	written++
}

inline app_call(i)
{
	assert(!answered[i] || cut_since[i] || answered_is_not_called_again)
}

inline insert(what)
{
	in_db[what]++;
	assert(in_db[what] == 1 || brought_in_once);
	assert(what % 2 == 0 || in_db[what - 1] || brought_in_once)
}

/* The next record. The end of a call that stands in the journal goes in with its delivery, ahead of the mark. */
inline bring_in()
{
	what = records[mark];
	if
#ifndef HOLE_END_IS_NOT_LOOKED_FOR
	:: what % 2 == 1 && in_db[what] -> skip
#endif
	:: else -> insert(what)
	fi;
#ifndef BAD_MARK_LATER
	mark++;
#endif
	if
	:: what % 2 == 0 && ended[what / 2] && place[what / 2] && !in_db[what + 1] -> insert(what + 1)
	:: true
	fi;
	what = 0
}

inline sync_db()
{
	d_step {
		k = 0;
		do
		:: k < RECORDS -> on_disk[k] = in_db[k]; k++
		:: else -> break
		od;
		k = 0;
		mark_on_disk = mark;
		row_on_disk = row
	}
}

/* What was not synced is there or not: of the journal a part from its beginning, of the database all or nothing. */
inline power_cut()
{
	power_cuts++;
	alive = 0;
	recovered = 0;
	cut_since[0] = 1;
#if N > 1
	cut_since[1] = 1;
#endif
	do
	:: written > synced && written > from -> written--
	:: break
	od;
	if
	:: d_step {
		k = 0;
		do
		:: k < RECORDS -> in_db[k] = on_disk[k]; k++
		:: else -> break
		od;
		k = 0;
		mark = mark_on_disk;
		row = row_on_disk
	}
	:: true
	fi
}

/* The next program that opens the database, in one transaction, which is synced. */
inline recover()
{
	do
	:: row && mark < written ->
		if
		:: mark < from -> mark = from
		:: else ->
			what = records[mark];
			if
#ifndef HOLE_END_IS_NOT_LOOKED_FOR
			:: what % 2 == 1 && (in_db[what] || !in_db[what - 1]) -> skip
#endif
			:: else -> insert(what)
			fi;
			mark++
		fi
	:: else -> break
	od;
	what = 0;
	sync_db();
	recovered = 1
}

inline take_up(i)
{
	assert(!acknowledged[i] || in_db[DELIVERY(i)] || acknowledged_is_on_record);
	place[i] = 0;
	came[i] = in_db[DELIVERY(i)];
	ended[i] = in_db[END(i)];
	if
	:: came[i] && !ended[i] -> app_call(i)
	:: else
	fi
}

/* Its files are deleted, and the next run has a journal of its own. */
inline begin_run()
{
	from = 0;
	written = 0;
	synced = 0;
	mark = 0;
	row = 1;
#ifndef HOLE_ROW_IS_NOT_SYNCED
	row_on_disk = 1;
	mark_on_disk = 0;
#else
	row_on_disk = 0;
#endif
	recovered = 0;
	alive = 1;
	take_up(0);
#if N > 1
	take_up(1)
#endif
}

#ifdef BAD_ACKNOWLEDGED_BEFORE_SYNC
#define safe(i) (came[i])
#else
#define safe(i) (came[i] && place[i] <= synced)
#endif
#ifdef BAD_ANSWERED_BEFORE_WRITTEN
#define may_answer(i) (acknowledged[i])
#else
#define may_answer(i) (acknowledged[i] && ended[i])
#endif
#ifdef BAD_BEGUN_AGAIN_AT_COMMIT
#define may_begin_again (mark == written)
#else
#define may_begin_again (mark_on_disk == written)
#endif

#define CLIENT(i)                                                                                                              \
	:: atomic { alive && !came[i] -> put(DELIVERY(i)); place[i] = written; came[i] = 1; app_call(i) }                      \
	:: atomic { alive && came[i] && !ended[i] -> put(END(i)); ended[i] = 1 }                                               \
	:: atomic { alive && safe(i) && !acknowledged[i] -> acknowledged[i] = 1 }                                              \
	:: atomic { alive && may_answer(i) && !answered[i] -> answered[i] = 1; cut_since[i] = 0 }

active proctype Client()
{
	byte what, k;

	row = 1;
#ifndef HOLE_ROW_IS_NOT_SYNCED
	row_on_disk = 1;
#endif
end:
	do
	CLIENT(0)
#if N > 1
	CLIENT(1)
#endif
	:: atomic { alive && synced < written -> synced++ }
	:: atomic { alive && mark < written -> bring_in() }
#ifdef BAD_MARK_LATER
	:: atomic { alive && mark < written && in_db[records[mark]] -> mark++ }
#endif
	:: atomic { alive && (mark_on_disk != mark || row_on_disk != row) -> sync_db() }
	:: atomic { alive && from < written && may_begin_again -> from = written }
	:: atomic { alive && kills < KILLS -> kills++; alive = 0; recovered = 0 }
	:: atomic { alive && power_cuts < POWER_CUTS -> power_cut() }
	:: atomic { !alive && !recovered -> recover() }
	:: atomic { !alive && recovered -> begin_run() }
	/* Between the transaction and the end of the files, too. */
	:: atomic { !alive && recovered && kills < KILLS -> kills++; recovered = 0 }
	:: atomic { !alive && recovered && power_cuts < POWER_CUTS -> power_cut() }
	od
}

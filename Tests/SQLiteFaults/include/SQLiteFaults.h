/// A layer under SQLite that lets its disk fail, for tests.
///
/// It stands before the machine's own VFS, as the default of the process, and hands everything
/// through. Only one database at a time, with its log and its journal, is watched: what is written
/// to these is counted, can be made to fail at any point, and is known apart as synced or not, so
/// that the files can be set to what a loss of power would leave of them.
#ifndef INGOT_SQLITE_FAULTS_H
#define INGOT_SQLITE_FAULTS_H

#include <stdint.h>

/// What goes wrong at a point.
enum {
    SQLITE_FAULT_NONE,
    /// The process dies: half of a write is done, and nothing works any more.
    SQLITE_FAULT_CRASH,
    /// No space is left for this one; half of a write is done.
    SQLITE_FAULT_NO_SPACE,
    /// An input/output error, this once. What a failed sync should have synced counts as lost.
    SQLITE_FAULT_ERROR_ONCE,
    /// The same at this and every later point.
    SQLITE_FAULT_ERROR_FOR_GOOD
};

/// Registers the layer, once for the process, and begins to watch a database. No connection to it
/// may be open.
///
/// - path: as SQLite is given it.
/// - fault, point: what goes wrong at which point, from 1; 0: nowhere.
/// Returns 0, or an error code of SQLite.
int sqlite_faults_watch(const char *path, int fault, int point);

/// From now on nothing goes wrong any more, and everything works again.
void sqlite_faults_mend(void);

/// Sets the files to what is left after the power has gone: what was synced, and of the rest, sector
/// by sector, what the seed decides; with seed 0 nothing. No connection may be open.
void sqlite_faults_lose_power(uint64_t seed);

/// How many points there were since the watch began: writes, cuts, syncs, new and deleted files.
int sqlite_faults_points(void);

/// Whether the fault was met.
int sqlite_faults_met(void);

/// Of watched files, how many SQLite has open now.
int sqlite_faults_open_files(void);

#endif

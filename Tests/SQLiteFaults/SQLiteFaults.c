#include "SQLiteFaults.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IMAGES = 3, PATH_BYTES = 1024, SECTOR_BYTES = 512 };
static const char *const suffixes[IMAGES] = {"", "-wal", "-journal"};

/// Something that was done to a file and not synced yet. A cut has no bytes.
typedef struct Change {
    int64_t offset;
    int count;
    unsigned char *bytes;
    struct Change *next;
} Change;

/// One watched file: what is certainly on disk, and what may be.
typedef struct {
    char path[PATH_BYTES];
    /// Whether its name is on disk.
    int is_named;
    /// Its name was removed, and that is not synced.
    int is_removed;
    /// It was made since the folder was last synced for it.
    int is_new;
    unsigned char *durable;
    int64_t size;
    Change *first;
    Change **last;
} Image;

/// A file as SQLite has it open: ours in front, the machine's behind it.
typedef struct {
    sqlite3_file base;
    Image *image;
    sqlite3_file *real;
} FaultyFile;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sqlite3_vfs *machine;
static sqlite3_vfs layer;
static Image images[IMAGES];
static int planned_fault, planned_point, points, is_met, is_dead, is_broken, open_files;

// MARK: What is on disk

static void forget_changes(Image *image) {
    while (image->first) {
        Change *next = image->first->next;
        free(image->first->bytes);
        free(image->first);
        image->first = next;
    }
    image->last = &image->first;
}

static void note(Image *image, int64_t offset, const void *bytes, int count) {
    Change *change = calloc(1, sizeof *change);
    change->offset = offset;
    change->count = count;
    if (bytes) {
        change->bytes = malloc(count ? count : 1);
        memcpy(change->bytes, bytes, count);
    }
    *image->last = change;
    image->last = &change->next;
}

/// The file is on disk as programs see it.
static void load(Image *image) {
    forget_changes(image);
    free(image->durable);
    image->durable = NULL;
    image->size = 0;
    image->is_removed = image->is_new = 0;
    int descriptor = open(image->path, O_RDONLY | O_CLOEXEC);
    image->is_named = descriptor >= 0;
    if (descriptor < 0) return;
    struct stat status;
    if (fstat(descriptor, &status) == 0) {
        image->durable = malloc(status.st_size ? status.st_size : 1);
        ssize_t count = pread(descriptor, image->durable, status.st_size, 0);
        image->size = count > 0 ? count : 0;
    }
    close(descriptor);
}

static void resize(Image *image, int64_t size) {
    image->durable = realloc(image->durable, size ? size : 1);
    if (size > image->size) memset(image->durable + image->size, 0, size - image->size);
    image->size = size;
}

static void apply(Image *image, const Change *change, int start, int count) {
    if (!change->bytes) {
        resize(image, change->offset);
        return;
    }
    int64_t end = change->offset + start + count;
    if (end > image->size) resize(image, end);
    memcpy(image->durable + change->offset + start, change->bytes + start, count);
}

/// Names that were made are on disk now, and those that were removed are not.
static void harden_folder(void) {
    for (int index = 0; index < IMAGES; index++) {
        if (!images[index].path[0]) continue;
        if (access(images[index].path, F_OK) != 0) load(&images[index]);
        else images[index].is_named = 1;
        images[index].is_removed = 0;
    }
}

/// What was not on disk is now. SQLite syncs the folder too when a journal that it has made is synced
/// for the first time, and never for the database itself.
static void harden(Image *image) {
    for (Change *change = image->first; change; change = change->next) {
        apply(image, change, 0, change->count);
    }
    forget_changes(image);
    if (image != &images[0] && image->is_new) harden_folder();
    image->is_new = 0;
}

static int toss(uint64_t *seed) {
    if (*seed == 0) return 0;
    uint64_t z = (*seed += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return (int)((z ^ (z >> 31)) & 1);
}

static void lose(Image *image, uint64_t *seed) {
    int is_there = image->is_named ? !(image->is_removed && toss(seed)) : toss(seed);
    for (Change *change = image->first; change; change = change->next) {
        int start = 0;
        do {
            int rest = change->count - start;
            if (toss(seed)) apply(image, change, start, rest < SECTOR_BYTES ? rest : SECTOR_BYTES);
            start += SECTOR_BYTES;
        } while (start < change->count);
    }
    if (!is_there) {
        unlink(image->path);
    } else {
        int descriptor = open(image->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (descriptor >= 0) {
            if (pwrite(descriptor, image->durable, image->size, 0) < 0) abort();
            close(descriptor);
        }
    }
    load(image);
}

static Image *image_of(const char *path) {
    for (int index = 0; path && index < IMAGES; index++) {
        if (images[index].path[0] && strcmp(images[index].path, path) == 0) return &images[index];
    }
    return NULL;
}

// MARK: What goes wrong

/// The fault that this point meets. Called with the lock held.
static int meet(void) {
    if (is_dead) return SQLITE_FAULT_CRASH;
    points++;
    if (is_broken) return SQLITE_FAULT_ERROR_FOR_GOOD;
    if (points != planned_point) return SQLITE_FAULT_NONE;
    is_met = 1;
    is_dead = planned_fault == SQLITE_FAULT_CRASH;
    is_broken = planned_fault == SQLITE_FAULT_ERROR_FOR_GOOD;
    return planned_fault;
}

static int met_at(int error) {
    pthread_mutex_lock(&lock);
    int fault = meet();
    pthread_mutex_unlock(&lock);
    return fault == SQLITE_FAULT_NONE ? SQLITE_OK : error;
}

static int dead_or(int error) { return is_dead ? error : SQLITE_OK; }

// MARK: Files

#define REAL(file) (((FaultyFile *)(file))->real)
#define CALL(file, method, ...) REAL(file)->pMethods->method(REAL(file), __VA_ARGS__)

static int faulty_close(sqlite3_file *file) {
    int code = REAL(file)->pMethods->xClose(REAL(file));
    pthread_mutex_lock(&lock);
    open_files--;
    pthread_mutex_unlock(&lock);
    return code;
}

static int faulty_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
    int code = dead_or(SQLITE_IOERR_READ);
    return code ? code : CALL(file, xRead, bytes, count, offset);
}

static int faulty_write(
    sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset
) {
    pthread_mutex_lock(&lock);
    int was_dead = is_dead;
    int fault = meet();
    int done = fault == SQLITE_FAULT_NONE ? count : count / 2;
    int code = SQLITE_IOERR_WRITE;
    if (!was_dead) {
        note(((FaultyFile *)file)->image, offset, bytes, done);
        int written = done > 0 ? CALL(file, xWrite, bytes, done, offset) : SQLITE_OK;
        if (fault == SQLITE_FAULT_NONE) code = written;
        if (fault == SQLITE_FAULT_NO_SPACE) code = SQLITE_FULL;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static int faulty_truncate(sqlite3_file *file, sqlite3_int64 size) {
    int code = met_at(SQLITE_IOERR_TRUNCATE);
    if (code) return code;
    note(((FaultyFile *)file)->image, size, NULL, 0);
    return CALL(file, xTruncate, size);
}

static int faulty_sync(sqlite3_file *file, int flags) {
    Image *image = ((FaultyFile *)file)->image;
    pthread_mutex_lock(&lock);
    int was_dead = is_dead;
    int fault = meet();
    int code = SQLITE_IOERR_FSYNC;
    if (fault == SQLITE_FAULT_NONE) {
        code = CALL(file, xSync, flags);
        if (code == SQLITE_OK) harden(image);
    } else if (!was_dead && fault != SQLITE_FAULT_CRASH) {
        // The system takes the pages for clean from now on: the next sync does not write them.
        forget_changes(image);
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static int faulty_size(sqlite3_file *file, sqlite3_int64 *size) {
    int code = dead_or(SQLITE_IOERR_FSTAT);
    return code ? code : CALL(file, xFileSize, size);
}

static int faulty_lock(sqlite3_file *file, int level) { return CALL(file, xLock, level); }
static int faulty_unlock(sqlite3_file *file, int level) { return CALL(file, xUnlock, level); }

static int faulty_check_lock(sqlite3_file *file, int *result) {
    return CALL(file, xCheckReservedLock, result);
}

static int faulty_control(sqlite3_file *file, int operation, void *argument) {
    return CALL(file, xFileControl, operation, argument);
}

static int faulty_sector(sqlite3_file *file) {
    return REAL(file)->pMethods->xSectorSize(REAL(file));
}

static int faulty_traits(sqlite3_file *file) {
    return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}

/// Making the shared index larger takes space too. What it holds is made anew after a crash.
static int faulty_map(
    sqlite3_file *file, int page, int size, int extends, void volatile **memory
) {
    int code = extends ? met_at(SQLITE_IOERR_SHMSIZE) : SQLITE_OK;
    return code ? code : CALL(file, xShmMap, page, size, extends, memory);
}

static int faulty_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
    return CALL(file, xShmLock, offset, count, flags);
}

static void faulty_barrier(sqlite3_file *file) {
    REAL(file)->pMethods->xShmBarrier(REAL(file));
}

static int faulty_unmap(sqlite3_file *file, int deletes) {
    return CALL(file, xShmUnmap, deletes);
}

static const sqlite3_io_methods methods = {
    2, faulty_close, faulty_read, faulty_write, faulty_truncate, faulty_sync, faulty_size,
    faulty_lock, faulty_unlock, faulty_check_lock, faulty_control, faulty_sector, faulty_traits,
    faulty_map, faulty_shm_lock, faulty_barrier, faulty_unmap, NULL, NULL,
};

// MARK: The layer

static int faulty_open(
    sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out
) {
    (void)vfs;
    Image *image = image_of(name);
    if (!image) return machine->xOpen(machine, name, file, flags, out);
    FaultyFile *faulty = (FaultyFile *)file;
    faulty->base.pMethods = NULL;
    faulty->image = image;
    faulty->real = (sqlite3_file *)(faulty + 1);
    int is_new = (flags & SQLITE_OPEN_CREATE) && access(name, F_OK) != 0;
    int code = is_new ? met_at(SQLITE_CANTOPEN) : dead_or(SQLITE_CANTOPEN);
    if (code) return code;
    // In the place of one that was removed: what that one had may still be on disk.
    if (is_new) note(image, 0, NULL, 0);
    image->is_new |= is_new;
    code = machine->xOpen(machine, name, faulty->real, flags, out);
    if (code != SQLITE_OK) return code;
    faulty->base.pMethods = &methods;
    pthread_mutex_lock(&lock);
    open_files++;
    pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

static int faulty_delete(sqlite3_vfs *vfs, const char *name, int syncs) {
    (void)vfs;
    Image *image = image_of(name);
    if (!image || access(name, F_OK) != 0) return machine->xDelete(machine, name, syncs);
    int code = met_at(SQLITE_IOERR_DELETE);
    if (code) return code;
    code = machine->xDelete(machine, name, syncs);
    if (syncs) load(image); else image->is_removed = 1;
    return code;
}

static int install(void) {
    if (machine) return SQLITE_OK;
    machine = sqlite3_vfs_find(NULL);
    if (!machine) return SQLITE_ERROR;
    layer = *machine;
    layer.zName = "ingot-faults";
    layer.pNext = NULL;
    layer.szOsFile += sizeof(FaultyFile);
    layer.xOpen = faulty_open;
    layer.xDelete = faulty_delete;
    return sqlite3_vfs_register(&layer, 1);
}

int sqlite_faults_watch(const char *path, int fault, int point) {
    pthread_mutex_lock(&lock);
    int code = strlen(path) + 16 < PATH_BYTES ? install() : SQLITE_TOOBIG;
    for (int index = 0; code == SQLITE_OK && index < IMAGES; index++) {
        strcpy(images[index].path, path);
        strcat(images[index].path, suffixes[index]);
        load(&images[index]);
    }
    planned_fault = fault;
    planned_point = point;
    points = is_met = is_dead = is_broken = 0;
    pthread_mutex_unlock(&lock);
    return code;
}

void sqlite_faults_mend(void) {
    pthread_mutex_lock(&lock);
    planned_point = is_dead = is_broken = 0;
    pthread_mutex_unlock(&lock);
}

void sqlite_faults_lose_power(uint64_t seed) {
    pthread_mutex_lock(&lock);
    for (int index = 0; index < IMAGES; index++) lose(&images[index], &seed);
    pthread_mutex_unlock(&lock);
}

int sqlite_faults_points(void) { return points; }
int sqlite_faults_met(void) { return is_met; }

int sqlite_faults_open_files(void) {
    pthread_mutex_lock(&lock);
    int count = open_files;
    pthread_mutex_unlock(&lock);
    return count;
}

// Ingot's own declarations of the part of the ONNX Runtime C API that it uses.
//
// The library is opened with dlopen, because it belongs to the Python runtime that trained a model
// and not to this build. OrtApi is a plain array of function pointers which only ever grows, so a
// function is known by its slot number. Each function below calls one slot and has its type.
//
// Every function that returns `IngotOrtStatus *` returns NULL on success; the caller releases
// anything else with ingot_ort_status_release.
#ifndef INGOT_COnnxRuntime_h
#define INGOT_COnnxRuntime_h

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct IngotOrtStatus IngotOrtStatus;
typedef struct IngotOrtEnv IngotOrtEnv;
typedef struct IngotOrtSession IngotOrtSession;
typedef struct IngotOrtOptions IngotOrtOptions;
typedef struct IngotOrtValue IngotOrtValue;
typedef struct IngotOrtMemory IngotOrtMemory;
typedef struct IngotOrtAllocator IngotOrtAllocator;

/// A loaded library. Never unloaded: sessions may live as long as the process.
typedef struct IngotOrtLibrary {
    const void *const *slots;
    const char *version;
} IngotOrtLibrary;

enum {
    INGOT_ORT_LOADED = 0,
    /// dlopen failed; the message says why.
    INGOT_ORT_NO_LIBRARY = 1,
    /// The library has no OrtGetApiBase.
    INGOT_ORT_NO_ENTRY = 2,
    /// The library is older than INGOT_ORT_API_VERSION.
    INGOT_ORT_TOO_OLD = 3,
};

/// The API version whose slots are used; ONNX Runtime 1.N has version N.
#define INGOT_ORT_API_VERSION 22

/// Opens the library; INGOT_ORT_LOADED and `library`, or another code and a message.
int ingot_ort_load(
    const char *path, IngotOrtLibrary *library, char *message, size_t message_size);

/// Copies the status's message into `message` (with NUL, cut if long), and returns its code.
int ingot_ort_status_describe(
    const IngotOrtLibrary *library, const IngotOrtStatus *status, char *message,
    size_t message_size);
void ingot_ort_status_release(const IngotOrtLibrary *library, IngotOrtStatus *status);

/// An environment whose log goes nowhere: failures are reported by status, and the default logger
/// would print users' mistakes to stderr.
IngotOrtStatus *ingot_ort_env_create(const IngotOrtLibrary *library, IngotOrtEnv **env);

IngotOrtStatus *ingot_ort_memory_create(const IngotOrtLibrary *library, IngotOrtMemory **memory);
IngotOrtStatus *ingot_ort_allocator(
    const IngotOrtLibrary *library, IngotOrtAllocator **allocator);
void ingot_ort_free(
    const IngotOrtLibrary *library, IngotOrtAllocator *allocator, void *pointer);

/// Session options with one thread, all graph optimisations, and silent.
IngotOrtStatus *ingot_ort_options_create(
    const IngotOrtLibrary *library, IngotOrtOptions **options);
IngotOrtStatus *ingot_ort_options_entry(
    const IngotOrtLibrary *library, IngotOrtOptions *options, const char *key, const char *value);
void ingot_ort_options_release(const IngotOrtLibrary *library, IngotOrtOptions *options);

/// The bytes may be freed after the call.
IngotOrtStatus *ingot_ort_session_create(
    const IngotOrtLibrary *library, const IngotOrtEnv *env, const void *bytes, size_t count,
    const IngotOrtOptions *options, IngotOrtSession **session);
void ingot_ort_session_release(const IngotOrtLibrary *library, IngotOrtSession *session);

IngotOrtStatus *ingot_ort_session_count(
    const IngotOrtLibrary *library, const IngotOrtSession *session, bool outputs, size_t *count);
/// The name is freed with ingot_ort_free.
IngotOrtStatus *ingot_ort_session_name(
    const IngotOrtLibrary *library, const IngotOrtSession *session, bool outputs, size_t index,
    IngotOrtAllocator *allocator, char **name);

#define INGOT_ORT_MAX_RANK 8

/// What an input or output was declared as. `kind` 1 is a tensor; `element` is 1 for float, 7 for
/// int64, 8 for string and 11 for double; a dynamic dimension is -1. `rank` above INGOT_ORT_MAX_RANK leaves `shape` unset.
typedef struct IngotOrtType {
    int32_t kind;
    int32_t element;
    size_t rank;
    int64_t shape[INGOT_ORT_MAX_RANK];
} IngotOrtType;

IngotOrtStatus *ingot_ort_session_type(
    const IngotOrtLibrary *library, const IngotOrtSession *session, bool outputs, size_t index,
    IngotOrtType *type);
/// Of a value that a run gave.
IngotOrtStatus *ingot_ort_value_type(
    const IngotOrtLibrary *library, const IngotOrtValue *value, IngotOrtType *type);

/// A float tensor over the caller's memory, which must outlive the value.
IngotOrtStatus *ingot_ort_value_floats(
    const IngotOrtLibrary *library, const IngotOrtMemory *memory, float *data, size_t count,
    const int64_t *shape, size_t rank, IngotOrtValue **value);
/// The same of 64-bit integers.
IngotOrtStatus *ingot_ort_value_integers(
    const IngotOrtLibrary *library, const IngotOrtMemory *memory, int64_t *data, size_t count,
    const int64_t *shape, size_t rank, IngotOrtValue **value);
/// The same of doubles.
IngotOrtStatus *ingot_ort_value_doubles(
    const IngotOrtLibrary *library, const IngotOrtMemory *memory, double *data, size_t count,
    const int64_t *shape, size_t rank, IngotOrtValue **value);
/// A string tensor of empty strings.
IngotOrtStatus *ingot_ort_value_strings(
    const IngotOrtLibrary *library, IngotOrtAllocator *allocator, const int64_t *shape,
    size_t rank, IngotOrtValue **value);
/// The buffer of `count` bytes of one string of a string tensor, to be filled.
IngotOrtStatus *ingot_ort_value_string_buffer(
    const IngotOrtLibrary *library, IngotOrtValue *value, size_t index, size_t count,
    char **buffer);
/// The elements of a float tensor (never call it for strings), valid as long as the value.
IngotOrtStatus *ingot_ort_value_data(
    const IngotOrtLibrary *library, IngotOrtValue *value, float **data);
void ingot_ort_value_release(const IngotOrtLibrary *library, IngotOrtValue *value);

/// Runs one output; `*output` is the caller's to release. Thread-safe on one session.
IngotOrtStatus *ingot_ort_run(
    const IngotOrtLibrary *library, IngotOrtSession *session, const char *const *input_names,
    const IngotOrtValue *const *inputs, size_t input_count, const char *output_name,
    IngotOrtValue **output);

#endif

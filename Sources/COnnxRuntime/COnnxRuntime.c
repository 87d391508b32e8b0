#include "COnnxRuntime.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

typedef IngotOrtStatus Status;

// OrtApiBase: how to get the slot table.
typedef struct {
    const void *const *(*get_api)(uint32_t version);
    const char *(*get_version)(void);
} ApiBase;

// Slot numbers of OrtApi. They are frozen by upstream: a released slot never moves.
enum {
    SLOT_GET_ERROR_CODE = 1,
    SLOT_GET_ERROR_MESSAGE = 2,
    SLOT_CREATE_ENV_WITH_CUSTOM_LOGGER = 4,
    SLOT_CREATE_SESSION_FROM_ARRAY = 8,
    SLOT_RUN = 9,
    SLOT_CREATE_SESSION_OPTIONS = 10,
    SLOT_SET_SESSION_LOG_SEVERITY_LEVEL = 22,
    SLOT_SET_SESSION_GRAPH_OPTIMIZATION_LEVEL = 23,
    SLOT_SET_INTRA_OP_NUM_THREADS = 24,
    SLOT_SET_INTER_OP_NUM_THREADS = 25,
    SLOT_SESSION_GET_INPUT_COUNT = 30,
    SLOT_SESSION_GET_OUTPUT_COUNT = 31,
    SLOT_SESSION_GET_INPUT_TYPE_INFO = 33,
    SLOT_SESSION_GET_OUTPUT_TYPE_INFO = 34,
    SLOT_SESSION_GET_INPUT_NAME = 36,
    SLOT_SESSION_GET_OUTPUT_NAME = 37,
    SLOT_CREATE_TENSOR_AS_ORT_VALUE = 48,
    SLOT_CREATE_TENSOR_WITH_DATA_AS_ORT_VALUE = 49,
    SLOT_GET_TENSOR_MUTABLE_DATA = 51,
    SLOT_CAST_TYPE_INFO_TO_TENSOR_INFO = 55,
    SLOT_GET_ONNX_TYPE_FROM_TYPE_INFO = 56,
    SLOT_GET_TENSOR_ELEMENT_TYPE = 60,
    SLOT_GET_DIMENSIONS_COUNT = 61,
    SLOT_GET_DIMENSIONS = 62,
    SLOT_GET_TENSOR_TYPE_AND_SHAPE = 65,
    SLOT_GET_VALUE_TYPE = 67,
    SLOT_CREATE_CPU_MEMORY_INFO = 69,
    SLOT_ALLOCATOR_FREE = 76,
    SLOT_GET_ALLOCATOR_WITH_DEFAULT_OPTIONS = 78,
    SLOT_RELEASE_STATUS = 93,
    SLOT_RELEASE_SESSION = 95,
    SLOT_RELEASE_VALUE = 96,
    SLOT_RELEASE_TYPE_INFO = 98,
    SLOT_RELEASE_TENSOR_TYPE_AND_SHAPE_INFO = 99,
    SLOT_RELEASE_SESSION_OPTIONS = 100,
    SLOT_ADD_SESSION_CONFIG_ENTRY = 130,
    SLOT_GET_RESIZED_STRING_TENSOR_ELEMENT_BUFFER = 252,
};

enum {
    KIND_TENSOR = 1,
    ELEMENT_FLOAT = 1,
    ELEMENT_INT64 = 7,
    ELEMENT_STRING = 8,
    ELEMENT_DOUBLE = 11,
};
enum { SEVERITY_ERROR = 3, SEVERITY_FATAL = 4, OPTIMIZE_ALL = 99 };

// Calls slot `slot` as a function of the given result and parameter types.
#define SLOT(slot, result, ...) ((result(*)(__VA_ARGS__))library->slots[slot])

int ingot_ort_load(
    const char *path, IngotOrtLibrary *library, char *message, size_t message_size) {
    message[0] = 0;
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *reason = dlerror();
        snprintf(message, message_size, "%s", reason ? reason : "unknown reason");
        return INGOT_ORT_NO_LIBRARY;
    }
    const ApiBase *(*entry)(void) = (const ApiBase *(*)(void))dlsym(handle, "OrtGetApiBase");
    if (!entry) return INGOT_ORT_NO_ENTRY;
    const ApiBase *base = entry();
    library->version = base->get_version();
    library->slots = base->get_api(INGOT_ORT_API_VERSION);
    if (!library->slots) {
        snprintf(message, message_size, "%s", library->version);
        return INGOT_ORT_TOO_OLD;
    }
    return INGOT_ORT_LOADED;
}

int ingot_ort_status_describe(
    const IngotOrtLibrary *library, const Status *status, char *message, size_t message_size) {
    snprintf(
        message, message_size, "%s",
        SLOT(SLOT_GET_ERROR_MESSAGE, const char *, const Status *)(status));
    return SLOT(SLOT_GET_ERROR_CODE, int, const Status *)(status);
}

void ingot_ort_status_release(const IngotOrtLibrary *library, Status *status) {
    SLOT(SLOT_RELEASE_STATUS, void, Status *)(status);
}

static void silent(
    void *context, int severity, const char *category, const char *log_id, const char *location,
    const char *message) {
    (void)context, (void)severity, (void)category, (void)log_id, (void)location, (void)message;
}

IngotOrtStatus *ingot_ort_env_create(const IngotOrtLibrary *library, IngotOrtEnv **env) {
    typedef void (*Logger)(
        void *, int, const char *, const char *, const char *, const char *);
    return SLOT(
        SLOT_CREATE_ENV_WITH_CUSTOM_LOGGER, Status *, Logger, void *, int, const char *,
        IngotOrtEnv **)(silent, NULL, SEVERITY_FATAL, "ingot", env);
}

IngotOrtStatus *ingot_ort_memory_create(const IngotOrtLibrary *library, IngotOrtMemory **memory) {
    return SLOT(SLOT_CREATE_CPU_MEMORY_INFO, Status *, int, int, IngotOrtMemory **)(0, 0, memory);
}

IngotOrtStatus *ingot_ort_allocator(
    const IngotOrtLibrary *library, IngotOrtAllocator **allocator) {
    return SLOT(SLOT_GET_ALLOCATOR_WITH_DEFAULT_OPTIONS, Status *, IngotOrtAllocator **)(
        allocator);
}

void ingot_ort_free(
    const IngotOrtLibrary *library, IngotOrtAllocator *allocator, void *pointer) {
    Status *status =
        SLOT(SLOT_ALLOCATOR_FREE, Status *, IngotOrtAllocator *, void *)(allocator, pointer);
    if (status) ingot_ort_status_release(library, status);
}

IngotOrtStatus *ingot_ort_options_create(
    const IngotOrtLibrary *library, IngotOrtOptions **options) {
    Status *status =
        SLOT(SLOT_CREATE_SESSION_OPTIONS, Status *, IngotOrtOptions **)(options);
    const struct {
        int slot, value;
    } settings[] = {
        {SLOT_SET_SESSION_LOG_SEVERITY_LEVEL, SEVERITY_ERROR},
        {SLOT_SET_SESSION_GRAPH_OPTIMIZATION_LEVEL, OPTIMIZE_ALL},
        {SLOT_SET_INTRA_OP_NUM_THREADS, 1},
        {SLOT_SET_INTER_OP_NUM_THREADS, 1},
    };
    for (size_t i = 0; !status && i < sizeof settings / sizeof *settings; i++)
        status = SLOT(settings[i].slot, Status *, IngotOrtOptions *, int)(
            *options, settings[i].value);
    return status;
}

IngotOrtStatus *ingot_ort_options_entry(
    const IngotOrtLibrary *library, IngotOrtOptions *options, const char *key, const char *value) {
    return SLOT(
        SLOT_ADD_SESSION_CONFIG_ENTRY, Status *, IngotOrtOptions *, const char *, const char *)(
        options, key, value);
}

void ingot_ort_options_release(const IngotOrtLibrary *library, IngotOrtOptions *options) {
    SLOT(SLOT_RELEASE_SESSION_OPTIONS, void, IngotOrtOptions *)(options);
}

IngotOrtStatus *ingot_ort_session_create(
    const IngotOrtLibrary *library, const IngotOrtEnv *env, const void *bytes, size_t count,
    const IngotOrtOptions *options, IngotOrtSession **session) {
    return SLOT(
        SLOT_CREATE_SESSION_FROM_ARRAY, Status *, const IngotOrtEnv *, const void *, size_t,
        const IngotOrtOptions *, IngotOrtSession **)(env, bytes, count, options, session);
}

void ingot_ort_session_release(const IngotOrtLibrary *library, IngotOrtSession *session) {
    SLOT(SLOT_RELEASE_SESSION, void, IngotOrtSession *)(session);
}

IngotOrtStatus *ingot_ort_session_count(
    const IngotOrtLibrary *library, const IngotOrtSession *session, bool outputs, size_t *count) {
    return SLOT(
        outputs ? SLOT_SESSION_GET_OUTPUT_COUNT : SLOT_SESSION_GET_INPUT_COUNT, Status *,
        const IngotOrtSession *, size_t *)(session, count);
}

IngotOrtStatus *ingot_ort_session_name(
    const IngotOrtLibrary *library, const IngotOrtSession *session, bool outputs, size_t index,
    IngotOrtAllocator *allocator, char **name) {
    return SLOT(
        outputs ? SLOT_SESSION_GET_OUTPUT_NAME : SLOT_SESSION_GET_INPUT_NAME, Status *,
        const IngotOrtSession *, size_t, IngotOrtAllocator *, char **)(
        session, index, allocator, name);
}

// Element type and dimensions of a tensor's type.
static Status *describe(const IngotOrtLibrary *library, const void *info, IngotOrtType *type) {
    Status *status =
        SLOT(SLOT_GET_TENSOR_ELEMENT_TYPE, Status *, const void *, int32_t *)(info, &type->element);
    if (!status)
        status = SLOT(SLOT_GET_DIMENSIONS_COUNT, Status *, const void *, size_t *)(
            info, &type->rank);
    if (!status && type->rank <= INGOT_ORT_MAX_RANK)
        status = SLOT(SLOT_GET_DIMENSIONS, Status *, const void *, int64_t *, size_t)(
            info, type->shape, type->rank);
    return status;
}

IngotOrtStatus *ingot_ort_session_type(
    const IngotOrtLibrary *library, const IngotOrtSession *session, bool outputs, size_t index,
    IngotOrtType *type) {
    memset(type, 0, sizeof *type);
    void *info = NULL;
    const void *tensor = NULL;
    Status *status = SLOT(
        outputs ? SLOT_SESSION_GET_OUTPUT_TYPE_INFO : SLOT_SESSION_GET_INPUT_TYPE_INFO, Status *,
        const IngotOrtSession *, size_t, void **)(session, index, &info);
    if (!status)
        status = SLOT(SLOT_GET_ONNX_TYPE_FROM_TYPE_INFO, Status *, const void *, int32_t *)(
            info, &type->kind);
    if (!status && type->kind == KIND_TENSOR)
        status = SLOT(SLOT_CAST_TYPE_INFO_TO_TENSOR_INFO, Status *, const void *, const void **)(
            info, &tensor);
    if (!status && tensor) status = describe(library, tensor, type);
    SLOT(SLOT_RELEASE_TYPE_INFO, void, void *)(info);
    return status;
}

IngotOrtStatus *ingot_ort_value_type(
    const IngotOrtLibrary *library, const IngotOrtValue *value, IngotOrtType *type) {
    memset(type, 0, sizeof *type);
    Status *status = SLOT(SLOT_GET_VALUE_TYPE, Status *, const IngotOrtValue *, int32_t *)(
        value, &type->kind);
    if (status || type->kind != KIND_TENSOR) return status;
    void *info = NULL;
    status = SLOT(SLOT_GET_TENSOR_TYPE_AND_SHAPE, Status *, const IngotOrtValue *, void **)(
        value, &info);
    if (!status) status = describe(library, info, type);
    SLOT(SLOT_RELEASE_TENSOR_TYPE_AND_SHAPE_INFO, void, void *)(info);
    return status;
}

static IngotOrtStatus *value_over(
    const IngotOrtLibrary *library, const IngotOrtMemory *memory, void *data, size_t bytes,
    const int64_t *shape, size_t rank, int element, IngotOrtValue **value) {
    return SLOT(
        SLOT_CREATE_TENSOR_WITH_DATA_AS_ORT_VALUE, Status *, const IngotOrtMemory *, void *,
        size_t, const int64_t *, size_t, int, IngotOrtValue **)(
        memory, data, bytes, shape, rank, element, value);
}

IngotOrtStatus *ingot_ort_value_floats(
    const IngotOrtLibrary *library, const IngotOrtMemory *memory, float *data, size_t count,
    const int64_t *shape, size_t rank, IngotOrtValue **value) {
    return value_over(
        library, memory, data, count * sizeof(float), shape, rank, ELEMENT_FLOAT, value);
}

IngotOrtStatus *ingot_ort_value_integers(
    const IngotOrtLibrary *library, const IngotOrtMemory *memory, int64_t *data, size_t count,
    const int64_t *shape, size_t rank, IngotOrtValue **value) {
    return value_over(
        library, memory, data, count * sizeof(int64_t), shape, rank, ELEMENT_INT64, value);
}

IngotOrtStatus *ingot_ort_value_doubles(
    const IngotOrtLibrary *library, const IngotOrtMemory *memory, double *data, size_t count,
    const int64_t *shape, size_t rank, IngotOrtValue **value) {
    return value_over(
        library, memory, data, count * sizeof(double), shape, rank, ELEMENT_DOUBLE, value);
}

IngotOrtStatus *ingot_ort_value_strings(
    const IngotOrtLibrary *library, IngotOrtAllocator *allocator, const int64_t *shape,
    size_t rank, IngotOrtValue **value) {
    return SLOT(
        SLOT_CREATE_TENSOR_AS_ORT_VALUE, Status *, IngotOrtAllocator *, const int64_t *, size_t,
        int, IngotOrtValue **)(allocator, shape, rank, ELEMENT_STRING, value);
}

IngotOrtStatus *ingot_ort_value_string_buffer(
    const IngotOrtLibrary *library, IngotOrtValue *value, size_t index, size_t count,
    char **buffer) {
    return SLOT(
        SLOT_GET_RESIZED_STRING_TENSOR_ELEMENT_BUFFER, Status *, IngotOrtValue *, size_t, size_t,
        char **)(value, index, count, buffer);
}

IngotOrtStatus *ingot_ort_value_data(
    const IngotOrtLibrary *library, IngotOrtValue *value, float **data) {
    return SLOT(SLOT_GET_TENSOR_MUTABLE_DATA, Status *, IngotOrtValue *, void **)(
        value, (void **)data);
}

void ingot_ort_value_release(const IngotOrtLibrary *library, IngotOrtValue *value) {
    SLOT(SLOT_RELEASE_VALUE, void, IngotOrtValue *)(value);
}

IngotOrtStatus *ingot_ort_run(
    const IngotOrtLibrary *library, IngotOrtSession *session, const char *const *input_names,
    const IngotOrtValue *const *inputs, size_t input_count, const char *output_name,
    IngotOrtValue **output) {
    return SLOT(
        SLOT_RUN, Status *, IngotOrtSession *, const void *, const char *const *,
        const IngotOrtValue *const *, size_t, const char *const *, size_t, IngotOrtValue **)(
        session, NULL, input_names, inputs, input_count, &output_name, 1, output);
}

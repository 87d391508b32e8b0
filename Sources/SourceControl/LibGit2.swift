import CLibGit2

/// The library itself: started once per process, with the options that do not trust anybody.
enum LibGit2 {
    /// Bounds on what one process maps, caches and accepts.
    enum Limit {
        static let mappedBytes = 1 << 30
        static let cachedBytes = 64 << 20
        static let packObjects = 1_000_000
        /// Above the 100 MB that the large git hosts allow for one file.
        static let packObjectBytes = 128 << 20
    }

    /// Every entry point into the library asks for this first.
    static func start() throws(SourceControlError) {
        try started.get()
    }

    private static let started: Result<Void, SourceControlError> = {
        do throws(SourceControlError) {
            return .success(try initialize())
        } catch {
            return .failure(error)
        }
    }()

    private static func initialize() throws(SourceControlError) {
        guard git_libgit2_init() > 0 else {
            throw SourceControlError.unsuitableLibrary(problem: lastMessage())
        }
        var major: Int32 = 0
        var minor: Int32 = 0
        var patch: Int32 = 0
        _ = git_libgit2_version(&major, &minor, &patch)
        guard (major, minor, patch) >= (1, 5, 1) else {
            throw SourceControlError.unsuitableLibrary(
                problem: "its version is \(major).\(minor).\(patch)")
        }
        let options = LibraryOptions()
        // A repository must not depend on who runs ingot: no .gitconfig, no /etc/gitconfig.
        for level in [
            GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
            GIT_CONFIG_LEVEL_GLOBAL,
        ] {
            try options.set(GIT_OPT_SET_SEARCH_PATH, level: level, text: "")
        }
        try options.set(GIT_OPT_SET_TEMPLATE_PATH, text: "")
        try options.set(GIT_OPT_SET_OWNER_VALIDATION, flag: true)
        try options.set(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, flag: true)
        try options.set(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, flag: true)
        try options.set(GIT_OPT_ENABLE_STRICT_SYMBOLIC_REF_CREATION, flag: true)
        try options.set(GIT_OPT_ENABLE_FSYNC_GITDIR, flag: true)
        try options.set(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, Limit.mappedBytes)
        try options.set(GIT_OPT_SET_CACHE_MAX_SIZE, Limit.cachedBytes)
        try options.set(GIT_OPT_SET_PACK_MAX_OBJECTS, Limit.packObjects)
        // Missing from libgit2 1.5.1 without the distribution's security fixes.
        try options.set(GIT_OPT_SET_PACK_MAX_OBJECT_SIZE, Limit.packObjectBytes)
    }

    /// Trust these certificate authorities instead of the system's, for the whole process.
    static func trust(certificateFile: String) throws(SourceControlError) {
        try start()
        try LibraryOptions().set(GIT_OPT_SET_SSL_CERT_LOCATIONS, text: certificateFile)
    }

    /// The text of the last failure on this thread, in one line.
    static func lastMessage() -> String {
        guard let error = git_error_last(), let text = error.pointee.message else {
            return "unknown problem"
        }
        return String(cString: text).split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    static func check(_ code: Int32, _ operation: String) throws(SourceControlError) {
        guard code < 0 else { return }
        throw SourceControlError.library(operation: operation, message: lastMessage())
    }

    /// Calls a function that hands out an object; the caller frees it.
    static func acquire(
        _ operation: String, _ make: (inout OpaquePointer?) -> Int32
    ) throws(SourceControlError) -> OpaquePointer {
        var pointer: OpaquePointer?
        try check(make(&pointer), operation)
        guard let pointer else {
            throw SourceControlError.library(operation: operation, message: "no object returned")
        }
        return pointer
    }

    /// The same, with nil instead of an error if the object does not exist.
    static func find(
        _ operation: String, _ make: (inout OpaquePointer?) -> Int32
    ) throws(SourceControlError) -> OpaquePointer? {
        var pointer: OpaquePointer?
        let code = make(&pointer)
        if code == GIT_ENOTFOUND.rawValue { return nil }
        try check(code, operation)
        return pointer
    }
}

/// The library's options, each set for the whole process.
private struct LibraryOptions {
    func set(_ option: git_libgit2_opt_t, flag: Bool) throws(SourceControlError) {
        try check(ingot_git_set_flag(Int32(option.rawValue), flag ? 1 : 0), option)
    }

    func set(_ option: git_libgit2_opt_t, _ value: Int) throws(SourceControlError) {
        try check(ingot_git_set_number(Int32(option.rawValue), value), option)
    }

    func set(_ option: git_libgit2_opt_t, text: String) throws(SourceControlError) {
        try check(ingot_git_set_text(Int32(option.rawValue), text), option)
    }

    func set(
        _ option: git_libgit2_opt_t, level: git_config_level_t, text: String
    ) throws(SourceControlError) {
        try check(
            ingot_git_set_level_text(Int32(option.rawValue), level.rawValue, text), option)
    }

    private func check(
        _ code: Int32, _ option: git_libgit2_opt_t
    ) throws(SourceControlError) {
        guard code >= 0 else {
            throw SourceControlError.unsuitableLibrary(
                problem: "option \(option.rawValue) was refused: \(LibGit2.lastMessage())")
        }
    }
}

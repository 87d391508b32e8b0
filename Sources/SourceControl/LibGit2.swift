import CLibGit2
import Glibc

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
        let options = try LibraryOptions()
        // A repository must not depend on who runs ingot: no .gitconfig, no /etc/gitconfig.
        for level in [
            GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
            GIT_CONFIG_LEVEL_GLOBAL,
        ] {
            try options.set(GIT_OPT_SET_SEARCH_PATH, Int(level.rawValue), text: "")
        }
        try options.set(GIT_OPT_SET_TEMPLATE_PATH, text: "")
        try options.set(GIT_OPT_SET_OWNER_VALIDATION, 1)
        try options.set(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1)
        try options.set(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 1)
        try options.set(GIT_OPT_ENABLE_STRICT_SYMBOLIC_REF_CREATION, 1)
        try options.set(GIT_OPT_ENABLE_FSYNC_GITDIR, 1)
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

/// `git_libgit2_opts`, which takes a variable number of arguments and is therefore not imported into
/// Swift. Integers and pointers are passed alike with and without `...` by the calling conventions
/// of Linux on x86-64 and AArch64, so that it can be called through fixed signatures.
private struct LibraryOptions {
    private typealias Call = @convention(c) (Int32, Int, UnsafeRawPointer?) -> Int32
    private typealias NumberCall = @convention(c) (Int32, Int) -> Int32
    private typealias TextCall =
        @convention(c) (
            Int32, UnsafePointer<CChar>?, UnsafePointer<CChar>?
        ) -> Int32

    private let symbol: UnsafeMutableRawPointer

    init() throws(SourceControlError) {
        guard let symbol = dlsym(nil, "git_libgit2_opts") else {
            throw SourceControlError.unsuitableLibrary(problem: "it has no git_libgit2_opts")
        }
        self.symbol = symbol
    }

    func set(_ option: git_libgit2_opt_t, _ value: Int) throws(SourceControlError) {
        let call = unsafeBitCast(symbol, to: NumberCall.self)
        try check(call(Int32(option.rawValue), value), option)
    }

    func set(_ option: git_libgit2_opt_t, text: String) throws(SourceControlError) {
        let call = unsafeBitCast(symbol, to: TextCall.self)
        try check(text.withCString { call(Int32(option.rawValue), $0, nil) }, option)
    }

    func set(
        _ option: git_libgit2_opt_t, _ number: Int, text: String
    ) throws(SourceControlError) {
        let call = unsafeBitCast(symbol, to: Call.self)
        try check(text.withCString { call(Int32(option.rawValue), number, $0) }, option)
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

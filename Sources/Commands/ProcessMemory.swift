import ArgumentParser
import CMalloc

/// How the C library's allocator treats a process that runs for months.
enum ProcessMemory {
    /// A controller uses one heap. By default every thread gets one of its own, and what one has
    /// freed the others cannot use: at ten thousand resources a tenth of all memory. The processes
    /// that serve keep theirs, since many threads allocate there.
    ///
    /// Before the first thread is started.
    static func prepare(for arguments: [String]) {
        if arguments.dropFirst().first == RunCommand.configuration.commandName {
            _ = mallopt(M_ARENA_MAX, 1)
        }
    }

    /// What reading a large commit has freed.
    static func giveBack() { malloc_trim(0) }
}

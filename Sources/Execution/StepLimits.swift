/// A limit on everything that a worker can make grow.
package struct StepLimits: Hashable, Sendable {
    /// One event line, without its newline.
    package var lineBytesMax = 64 << 10
    /// All event lines of one step together.
    package var eventBytesMax = 16 << 20
    /// What the worker prints, in its log file; a step that prints more is stopped.
    package var logBytesMax = 64 << 20
    /// The file of progress and log events; what comes after it is left out, the step goes on.
    package var eventLogBytesMax = 8 << 20
    /// The largest file that a step may write, if the disk has that much to spare.
    package var fileBytesMax: Int64 = 1 << 40
    /// What one file of a step may not take of the space that is left: the records need it.
    package var reservedBytes: Int64 = 256 << 20
    /// How often the size of the log file is looked at.
    package var logCheckInterval = Duration.milliseconds(250)
    /// How long the warm parent may take to kill a step before it is killed itself.
    ///
    /// With the search for what is left it makes less than the five seconds in which a cancelled
    /// step is promised to be dead.
    package var killGrace = Duration.seconds(2)
    /// How long after a broken connection the end of the warm parent is waited for.
    package var parentEndGrace = Duration.seconds(2)

    package init() {}
}

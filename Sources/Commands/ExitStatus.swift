import ArgumentParser

/// The exit codes, as the field's tools have them: `plan --detailed-exitcode` as in Terraform,
/// `wait` with timeout(1)'s code.
enum ExitStatus {
    static let failure = ExitCode(1)
    /// `plan --detailed-exitcode`: there is something to do.
    static let changes = ExitCode(2)
    /// `wait`: the revision stalled.
    static let stalled = ExitCode(2)
    static let timeout = ExitCode(124)
}

import ArgumentParser

/// The exit codes, as the field's tools have them: `plan --detailed-exitcode` as in Terraform,
/// `wait` with timeout(1)'s code.
enum ExitStatus {
    static let failure = ExitCode(1)
    /// `plan --detailed-exitcode`: there is something to do. `drift`: something differs.
    static let changes = ExitCode(2)
    /// `wait`: the revision stalled.
    static let stalled = ExitCode(2)
    /// `wait`: the revision needs somebody's approval.
    static let held = ExitCode(3)
    /// `wait`: another revision was reconciled instead.
    static let superseded = ExitCode(4)
    static let timeout = ExitCode(124)
}

import Foundation
import Inference

/// `look-up FILE COUNT` looks entities up in a file of online features as an instance does, whose
/// keys are `user-00000000` to COUNT, in no order; prints how long one takes, in microseconds.
@main
struct LookUp {
    private static let rounds = 5
    private static let perRound = 100_000

    static func main() throws {
        let words = CommandLine.arguments
        guard words.count == 3, let count = Int(words[2]), count > 0 else {
            print("usage: look-up FILE COUNT")
            exit(2)
        }
        let file = try OnlineFile(path: words[1])
        let keys = (0..<perRound).map { index in
            let digits = String(100_000_000 + index * 7919 % count).dropFirst()
            return EntityValue.text("user-" + digits)
        }
        let seconds = try (0..<rounds).map { _ in try time(file, keys) }.sorted()
        print("{\"best\": \(seconds[0]), \"median\": \(seconds[rounds / 2])}")
    }

    private static func time(_ file: OnlineFile, _ keys: [EntityValue]) throws -> Double {
        let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
        let start = ContinuousClock.now
        for key in keys {
            let vector = try file.vector(of: [key], at: now)
            guard vector.statuses.allSatisfy({ $0 == .present }) else {
                print("\(key) is not there")
                exit(1)
            }
        }
        return (ContinuousClock.now - start) / .microseconds(1) / Double(keys.count)
    }
}

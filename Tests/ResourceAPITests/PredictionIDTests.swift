import ResourceAPI
import Testing

@Suite("Prediction ids")
struct PredictionIDTests {
    private func make() throws -> PredictionID {
        PredictionID(
            deployment: try #require(ResourceName("arrival-delay")), digest: Digest(hashing: []),
            milliseconds: 1_795_000_000_123, random: 42)
    }

    @Test("the text says deployment, model, time and randomness, and reads back")
    func roundTrip() throws {
        let id = try make()
        #expect(id.description == "arrival-delay.e3b0c44298fc1c14.1a1ee565e7b000000002a")
        #expect(PredictionID(id.description) == id)
        #expect(id.isFrom(Digest(hashing: [])))
        #expect(!id.isFrom(Digest(hashing: [1])))
    }

    @Test("anything else is not an id")
    func malformed() throws {
        let text = try make().description
        for bad in [
            "", ".", "..", text + "0", String(text.dropLast()), text.uppercased(),
            text.replacing("arrival", with: "arr.val"), text.replacing("e3b0", with: "e3b"),
            text.replacing("e3b0", with: "E3b0"), text.replacing("002a", with: "+02a"),
            text.replacing("arrival", with: "-rrival"),
        ] {
            #expect(PredictionID(bad) == nil, "\(bad)")
        }
    }

    @Test("values beyond their limits are cut, so that the length is always the same")
    func limits() throws {
        let id = PredictionID(
            deployment: try #require(ResourceName("a")), digest: Digest(hashing: []),
            milliseconds: .max, random: .max)
        #expect(id.description == "a.e3b0c44298fc1c14.fffffffffffffffffffff")
        #expect(PredictionID(id.description) == id)
    }
}

import Foundation
import GRDB
import Ledger

/// Where each transaction is, with what makes claiming a new id cheap.
///
/// Ids are uniformly distributed: put one by one into one large index, nearly each of them would rewrite a page of it. So the ids of the last
/// blocks stay in memory, from where they are rebuilt at a start out of the blocks themselves, and go to the disk in sorted runs that are
/// written once, front to back. A run is a range of the table's primary key (run, id).
struct TransactionIndex {
    /// Ids in memory from which on the next block writes them as a run.
    static let runSize = 32_768

    /// height << 20 | position in the block, as tables hold it.
    typealias Place = Int64

    /// Ids of blocks above the last run.
    private var recent: [Hash32: Place] = [:]
    /// The last run's, until another follows: readers may look while its commit is on its way.
    private var written: [Hash32: Place] = [:]
    private var filter = RunFilter()
    /// Last height of each run, in order.
    private(set) var runs: [UInt64] = []

    static func place(_ height: UInt64, _ position: Int) -> Place { Int64(height) << 20 | Int64(position) }

    var isRunDue: Bool { recent.count >= Self.runSize }

    /// The place of an id in memory; nil if it is in none of the last blocks.
    func recentPlace(of id: Hash32) -> Place? { recent[id] ?? written[id] }

    /// Runs on the disk that may hold an id.
    func candidates(for id: Hash32) -> [Int] { filter.candidates(for: id) }

    mutating func add(_ id: Hash32, _ place: Place) { recent[id] = place }

    /// Turns what is in memory into the next run; returns its number and its rows in their order.
    mutating func takeRun(through height: UInt64) -> (number: Int, rows: [(id: Hash32, place: Place)]) {
        let number = runs.count
        runs.append(height)
        let rows = recent.map { (id: $0.key, place: $0.value) }.sorted { $0.id < $1.id }
        for row in rows { filter.insert(row.id, run: number) }
        written = recent
        recent = [:]
        return (number, rows)
    }

    // MARK: Starting

    /// The index as the runs of a file say, with nothing in it yet; ``note(_:_:)`` puts the blocks' ids in.
    init(_ db: Database) throws {
        runs = try Int64.fetchAll(db, sql: "SELECT last_height FROM runs ORDER BY number").map { UInt64($0) }
    }

    /// The index of a new file.
    init() {}

    /// The run that holds a block's ids; nil for blocks above the last run.
    func run(holding height: UInt64) -> Int? {
        let run = runs.partitioningIndex { $0 >= height }
        return run < runs.count ? run : nil
    }

    /// Notes an id that a stored block holds.
    mutating func note(_ id: Hash32, _ place: Place, run: Int?) {
        if let run { filter.insert(id, run: run) } else { recent[id] = place }
    }

    // MARK: Disk

    static func storedPlace(of id: Hash32, run: Int, _ db: Database) throws -> Place? {
        let statement = try db.cachedStatement(sql: "SELECT place FROM transaction_runs WHERE run = ? AND id = ?")
        return try Int64.fetchOne(statement, arguments: [run, Data(id.bytes)])
    }
}

extension Array {
    /// The first index whose element is beyond the border, for an array that the predicate parts in two.
    fileprivate func partitioningIndex(where isBeyond: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isBeyond(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

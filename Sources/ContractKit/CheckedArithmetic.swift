/// Arithmetic of contracts: an overflow is a refusal, never a trap.
extension FixedWidthInteger {
    public func adding(_ other: Self) throws(ContractError) -> Self {
        let (sum, overflow) = addingReportingOverflow(other)
        guard !overflow else { throw .overflow }
        return sum
    }

    public func subtracting(_ other: Self) throws(ContractError) -> Self {
        let (difference, overflow) = subtractingReportingOverflow(other)
        guard !overflow else { throw .overflow }
        return difference
    }

    public func multiplied(by other: Self) throws(ContractError) -> Self {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        guard !overflow else { throw .overflow }
        return product
    }
}

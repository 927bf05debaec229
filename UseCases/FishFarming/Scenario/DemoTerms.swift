/// Terms of the demonstration's companies, as they publish them: in words that are read aloud and understood.
enum DemoTerms {
    /// Paragraphs between empty lines; one that begins with `# ` is a heading.
    static let service = """
        # What this is

        This is a contract between you, the farmer, and AquaCloud Services, the company. You can read it, hear it read \
        aloud, and keep a copy. It begins when you sign it with your own key, and not before.

        # What the company does

        The company looks after the probes, aerators and feeders at your ponds. Its gateway starts the aerator when oxygen \
        is low, also when there is no network. It tells you of danger, and tells you each morning how good its forecast was.

        # What is collected

        Five kinds of data: water, operations, fry, feed and medicine. You allow each kind by itself, and you can end each \
        kind at any time. Before you sign, nothing is collected: no reading of your probes is kept.

        # Privacy

        Your data are yours. They are sealed with your key. The company reads them to look after your ponds, and for nothing \
        else. Nobody else reads them unless you allow it, for a purpose and a time that you choose. You see who read what. \
        The company does not sell your data, and shows figures of many farms only where at least five farms are in them.

        # Mistakes and quarrels

        What the company records about your farm can be checked by you and by others. If you think that a record is wrong, \
        say so: it is looked at by a person, and the answer is written down with its reason.

        # The end

        You can end this contract at any time by ending all five kinds of data. What was recorded until then stays, because \
        loans and covers may rest on it; new data are not collected. Loans and covers that you have do not end by this, but \
        a lender or insurer is told that data are missing, and may not decide anything new without them.
        """

    static func finance(_ company: String, _ service: String) -> String {
        """
        # What this is

        This is a contract between you, the farmer, and \(company). It says how \(company) handles your data when you ask it \
        for \(service). Signing it costs nothing, and does not oblige you to ask for anything.

        # What \(company) sees

        Nothing before you sign this and then show it something. You choose which of the five kinds of data it may use, and \
        until when. It sees the page of your case as you see it, with the same figures.

        # How it decides

        A signed model decides, and gives at most four main reasons in plain words. What it looks at is kept with the \
        decision, and nothing about you as a person is among it. If you disagree, you object: a person answers within seven \
        days, with a reason, and can decide otherwise.

        # Privacy

        \(company) uses your data to decide about \(service) and to look after what it has granted, and for nothing else. It \
        does not pass them on. Another bank or insurer does not learn that you asked here.

        # The end

        You can end the use of your data at any time. Then nothing new is decided; what was agreed before stays as agreed.
        """
    }
}

"""What readers are told: one plain sentence in Chinese and English for each word of a report.

Owns the tables from statuses, steps, reasons and codes to sentences; both languages stand side by
side, so that none can be forgotten. Leaves which sentences belong to a given report to
`verifier.summary`. The words state integrity, time and custody and never more: truth, authorship
and legal effect are for the court (docs/format.md section 15).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from verifier.report import NotChecked, Reason, Status, Step, TimeKind
from verifier.trust import Assurance


class Language(StrEnum):
    """A language of the words, as a BCP 47 tag."""

    ZH = "zh-CN"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Text:
    """One statement in every language."""

    zh: str
    en: str

    def in_(self, language: Language) -> str:
        """Return the statement in `language`."""
        return self.zh if language is Language.ZH else self.en


CONCLUSIONS: Mapping[Status, Text] = {
    Status.PASSED: Text("核验一致", "Verified: matches"),
    Status.FAILED: Text("核验不一致", "Verified: does not match"),
    Status.INDETERMINATE: Text("无法核验", "Cannot be verified"),
}

STATUSES: Mapping[Status, Text] = {
    Status.PASSED: Text("通过", "passed"),
    Status.FAILED: Text("不通过", "failed"),
    Status.INDETERMINATE: Text("无法判断", "undecided"),
}

SYMBOLS: Mapping[Status, str] = {
    Status.PASSED: "✓",
    Status.FAILED: "✗",
    Status.INDETERMINATE: "?",
}

STEPS: Mapping[Step, Text] = {
    Step.BUNDLE: Text("证据包格式", "Format of the bundle"),
    Step.TRUST: Text("信任根", "Trust root"),
    Step.SIGNATURES: Text("登记签名", "Signatures of the entries"),
    Step.STREAM: Text("流转顺序", "Order of custody"),
    Step.PARTICULARS: Text("说明信息", "Particulars"),
    Step.CHECKPOINT: Text("日志签名", "Signature of the log"),
    Step.INCLUSION: Text("收录于日志", "Inclusion in the log"),
    Step.CONSISTENCY: Text("日志只增不改", "Log append-only"),
    Step.TIMESTAMP: Text("时间戳", "Timestamp"),
    Step.ANCHOR: Text("上链", "Anchor on the chain"),
    Step.COMPLETENESS: Text("流转记录完整", "Nothing left out"),
    Step.TIMES: Text("时间先后", "Order of times"),
    Step.EXHIBIT: Text("文件比对", "Comparison of the file"),
}

# What a step has shown once it passed.
SHOWN: Mapping[Step, Text] = {
    Step.BUNDLE: Text("证据包格式完整、可以读取。", "The bundle is complete and readable."),
    Step.TRUST: Text(
        "信任根列有登记这份证据的日志。", "The trust root names the log of this evidence."
    ),
    Step.SIGNATURES: Text(
        "每条登记都由信任根所列的签名者签名，且在其有效期内。",
        "Every entry is signed by a signer of the trust root, within the signer's period.",
    ),
    Step.STREAM: Text(
        "各条登记前后相连，次序没有变动。", "The entries link to one another in unbroken order."
    ),
    Step.PARTICULARS: Text(
        "文件名、来源等说明与登记时的摘要相同。",
        "File name, source and other particulars have the digest that was recorded.",
    ),
    Step.CHECKPOINT: Text(
        "日志状态由信任根所列的日志密钥签名。",
        "The state of the log is signed by the log's key in the trust root.",
    ),
    Step.INCLUSION: Text(
        "每条登记都已收录在签名的日志中。", "Every entry is included in the signed log."
    ),
    Step.CONSISTENCY: Text(
        "日志前后状态一致，只有增加，没有改写。",
        "Later states of the log extend the earlier ones; nothing was rewritten.",
    ),
    Step.TIMESTAMP: Text(
        "时间戳机构对日志状态签发的时间戳通过核验。",
        "The timestamp tokens over the state of the log verify.",
    ),
    Step.ANCHOR: Text(
        "日志状态已写入区块，区块由足够多的受信节点签名。",
        "The state of the log is in a block signed by enough trusted validators.",
    ),
    Step.COMPLETENESS: Text(
        "区块链确认所列登记就是截至该区块的全部登记。",
        "The chain shows that the entries given are all there were as of the block.",
    ),
    Step.TIMES: Text(
        "登记、时间戳与区块的时间先后相符。",
        "The times of record, timestamp and block follow one another.",
    ),
    Step.EXHIBIT: Text(
        "文件的大小、SHA-256 和 SM3 摘要与存证时相同。",
        "The file has the size, SHA-256 and SM3 digests recorded at deposit.",
    ),
}

_ASK_AGAIN = Text("请向提供方重新索取证据包。", "Ask the sender for the bundle again.")
_ASK_TRUST_ROOT = Text("请确认所用的信任根。", "Check which trust root is in use.")


def _reason(zh: str, en: str, next_step: Text = _ASK_AGAIN) -> Text:
    return Text(zh + next_step.zh, f"{en} {next_step.en}")


# What was found, and what to do next.
REASONS: Mapping[Reason, Text] = {
    Reason.BUNDLE_MALFORMED: _reason(
        "所选文件不是完整的证据包。", "The file chosen is not a complete bundle."
    ),
    Reason.BUNDLE_TOO_LARGE: Text(
        "证据包超过 16 MiB 的上限，请确认没有把文件本身当作证据包提交。",
        "The bundle is over the limit of 16 MiB; check that it is not the exhibit itself.",
    ),
    Reason.BUNDLE_VERSION_UNKNOWN: Text(
        "证据包的版本本程序不认识，请使用较新的核验程序。",
        "The version of the bundle is unknown to this program; use a newer verifier.",
    ),
    Reason.LOG_UNKNOWN: _reason(
        "信任根没有列出这份证据包所属的日志。",
        "The trust root does not name the log of this bundle.",
        _ASK_TRUST_ROOT,
    ),
    Reason.SIGNATURE_INVALID: _reason(
        "登记上的签名与登记内容不符。", "A signature does not fit the entry it stands on."
    ),
    Reason.SIGNER_UNKNOWN: _reason(
        "签名者不在信任根中。", "A signer is not in the trust root.", _ASK_TRUST_ROOT
    ),
    Reason.SIGNER_OUT_OF_PERIOD: _reason(
        "登记时间不在签名者的有效期内。",
        "An entry was recorded outside the period of its signer.",
        _ASK_TRUST_ROOT,
    ),
    Reason.ENTRY_MALFORMED: _reason(
        "有一条登记不符合格式。", "An entry does not follow the format."
    ),
    Reason.STREAM_BROKEN: _reason(
        "登记之间的先后相连断开，可能缺少、调换或改动过登记。",
        "The links between entries are broken: one is missing, moved or changed.",
    ),
    Reason.EVENT_NOT_ALLOWED: _reason(
        "有一条登记的事项在其位置上不被规则允许。",
        "The rules do not allow the act of an entry at its place.",
    ),
    Reason.ENTRY_OF_ANOTHER_LOG: _reason(
        "有一条登记是为另一个日志所写。", "An entry was written for another log."
    ),
    Reason.ENTRY_OF_ANOTHER_STREAM: _reason(
        "有一条登记属于另一件证据。", "An entry belongs to another exhibit."
    ),
    Reason.PARTICULARS_MISMATCH: _reason(
        "文件名、来源等说明与登记时不同。",
        "The particulars (file name, source) differ from those recorded.",
    ),
    Reason.PARTICULARS_WITHHELD: Text(
        "证据包没有附上文件名、来源等说明，如有需要请向提供方索取。",
        "The bundle comes without the particulars (file name, source); ask for them if needed.",
    ),
    Reason.CHECKPOINT_MALFORMED: _reason(
        "日志的签名状态不符合格式。", "The signed state of the log does not follow the format."
    ),
    Reason.CHECKPOINT_OF_ANOTHER_LOG: _reason(
        "所附的签名状态属于另一个日志。", "The signed state belongs to another log."
    ),
    Reason.CHECKPOINT_SIGNATURE_INVALID: _reason(
        "日志状态上的签名与信任根中的日志密钥不符。",
        "The signature on the state of the log does not fit the log's key in the trust root.",
    ),
    Reason.LOG_KEY_OUT_OF_PERIOD: _reason(
        "不能确定日志签名时其密钥在有效期内。",
        "It cannot be shown that the log's key was within its period when it signed.",
        _ASK_TRUST_ROOT,
    ),
    Reason.INCLUSION_INVALID: _reason(
        "有一条登记不在所称的日志中。", "An entry is not in the log it claims to be in."
    ),
    Reason.CONSISTENCY_INVALID: _reason(
        "日志前后两个状态不相容，历史可能被改写。",
        "Two states of the log contradict each other; history may have been rewritten.",
    ),
    Reason.TOKEN_MALFORMED: _reason("时间戳不符合格式。", "A timestamp token is malformed."),
    Reason.TOKEN_INVALID: _reason(
        "时间戳的签名或证书不成立。", "The signature or X.509 path of a timestamp token fails."
    ),
    Reason.TOKEN_OF_ANOTHER_CHECKPOINT: _reason(
        "时间戳是对另一个日志状态签发的。",
        "A timestamp token was issued over another state of the log.",
    ),
    Reason.TOKEN_MISSING: Text(
        "证据包没有时间戳，请向提供方索取附有时间戳的证据包。",
        "The bundle has no timestamp token; ask for a bundle that has one.",
    ),
    Reason.TSA_UNKNOWN: _reason(
        "签发时间戳的机构不在信任根中。",
        "The timestamp authority is not in the trust root.",
        _ASK_TRUST_ROOT,
    ),
    Reason.HEADER_MALFORMED: _reason(
        "所附的区块头不符合格式。", "A block header does not follow the format."
    ),
    Reason.SEALS_INVALID: _reason(
        "区块没有得到足够多受信节点的签名。",
        "The block is not signed by enough trusted validators.",
    ),
    Reason.RECEIPT_INVALID: _reason(
        "区块中没有所称的上链记录。", "The block does not hold the anchor claimed for it."
    ),
    Reason.EXTENSION_MISMATCH: _reason(
        "链上记录的日志状态与证据包不同。",
        "The chain recorded another state of the log than the bundle gives.",
    ),
    Reason.ANCHOR_MISSING: Text(
        "证据包没有上链证明，可能尚未上链，请稍后重新下载证据包。",
        "The bundle has no anchor proof; it may not be anchored yet, so download it again later.",
    ),
    Reason.VALIDATORS_UNKNOWN: _reason(
        "信任根没有列出该区块的验证节点。",
        "The trust root does not list the validators of this block.",
        _ASK_TRUST_ROOT,
    ),
    Reason.HEAD_MISMATCH: _reason(
        "链上记录的最后一条登记与证据包不同，可能缺少登记。",
        "The chain knows another last entry than the bundle; entries may be left out.",
    ),
    Reason.HEAD_PROOF_INVALID: _reason(
        "流转记录完整性的证明不成立。", "The proof that nothing was left out does not hold."
    ),
    Reason.HEAD_OLDER_THAN_ANCHOR: _reason(
        "流转记录完整性的证明早于最后一次上链。",
        "The proof that nothing was left out is older than the last anchor.",
    ),
    Reason.HEAD_MISSING: Text(
        "证据包没有附上完整性证明，不能排除另有登记，请索取新的证据包。",
        "The bundle does not prove that nothing was left out; ask for a newer bundle.",
    ),
    Reason.TIMES_CONTRADICT: _reason(
        "登记、时间戳与区块的时间先后矛盾。",
        "The times of record, timestamp and block contradict one another.",
    ),
    Reason.TIMES_MISSING: Text(
        "缺少可以核验的时间，不能判断先后，请索取附有时间戳和上链证明的证据包。",
        "Verifiable times are missing; ask for a bundle with timestamp and anchor proof.",
    ),
    Reason.EXHIBIT_DIFFERS: Text(
        "提交的文件与存证时的文件不同，请提交未经转存的原始文件再核验。",
        "The file differs from the one deposited; verify again with the untouched original.",
    ),
    Reason.EXHIBIT_NOT_GIVEN: Text(
        "没有提交文件，未做文件比对，请连同原始文件再核验一次。",
        "No file was given to compare; verify again together with the original file.",
    ),
    Reason.PREREQUISITE_FAILED: Text(
        "前面的步骤没有成立，这一步无从判断，请先处理前面的问题。",
        "An earlier step did not hold, so this one cannot be decided; resolve that one first.",
    ),
}

# What no program can decide, or this verification did not.
NOT_CHECKED: Mapping[NotChecked, Text] = {
    NotChecked.CONTENT_TRUTH: Text(
        "文件内容是否属实。", "Whether what the file says or shows is so."
    ),
    NotChecked.BEFORE_DEPOSIT: Text(
        "存证之前文件是否被改动、何时形成。",
        "What happened to the file before its deposit, and when it was made.",
    ),
    NotChecked.LAWFULNESS: Text("取得方式是否合法。", "Whether it was obtained lawfully."),
    NotChecked.RELEVANCE: Text("与本案是否有关。", "Whether it matters to the case."),
    NotChecked.AUTHORSHIP: Text("文件由谁制作。", "Who made the file."),
    NotChecked.EXHIBIT: Text(
        "文件是否与存证时一致：没有提交文件，请连同原始文件再核验一次。",
        "Whether the file matches: none was given; verify again together with the original file.",
    ),
    NotChecked.ORGANISATIONS_INDEPENDENCE: Text(
        "日志、节点和时间戳是否由相互独立的机构运行：沙箱中不是。",
        "Whether independent organisations run log, validators and timestamps: in a sandbox,"
        " they do not.",
    ),
}

TIME_KINDS: Mapping[TimeKind, Text] = {
    TimeKind.CLAIMED: Text(
        "存证人自称的时间（仅为陈述）", "Time the depositor claims (a statement only)"
    ),
    TimeKind.RECORDED: Text(
        "存证系统时钟的记录（仅为陈述）", "Time on the notary's clock (a statement only)"
    ),
    TimeKind.TOKEN: Text("时间戳机构签发时间戳", "Timestamp token issued"),
    TimeKind.BLOCK: Text("日志状态写入区块", "State of the log written into a block"),
}

COMPLETE_AS_OF = Text(
    "截至这一区块，所列登记就是全部登记", "As of this block the entries given are all there were"
)

# Each takes its number, counted from 1.
NUMBERED_SUBJECTS: Mapping[str, Text] = {
    "entry": Text("第 {} 条登记", "entry {}"),
    "anchor": Text("第 {} 次上链", "anchor {}"),
}

SUBJECTS: Mapping[str, Text] = {
    "bundle": Text("证据包", "bundle"),
    "trust": Text("信任根", "trust root"),
    "stream": Text("流转记录", "custody stream"),
    "head": Text("完整性证明", "head proof"),
    "exhibit": Text("文件", "file"),
}

ASSURANCES: Mapping[Assurance, Text] = {
    Assurance.SANDBOX: Text(
        "沙箱演示：区块链、时间戳和存证系统可能由同一方运行，结果不能作为独立证明。",
        "Sandbox for trying out: one party may run the chain, the timestamps and the notary, so"
        " the outcome is not independent.",
    ),
    Assurance.PRODUCTION: Text(
        "正式信任根：节点与机构以信任根所列为准。",
        "Production trust root: validators and authorities are those it names.",
    ),
}

# The two sentences under the conclusion.
MATCHES_SINCE = Text(
    "您提交的文件与存证的文件完全一致：它最迟在 {time}已经存在，自那时起未改动。",
    "The file you gave is identical to the one deposited: it existed by {time} and has not been"
    " changed since.",
)
COURT_DECIDES = Text(
    "是否采信由法院决定，对方可以提出相反证据（参见《人民法院在线诉讼规则》第十六条）。",
    "Whether to accept it is for the court, and the other side may offer evidence to the contrary"
    " (Online Litigation Rules of the People's Courts, Art. 16).",
)
SIZE_DIFFERS = Text(
    "您提交的文件与存证时不一致（存证时 {recorded} 字节，现在 {found} 字节）。",
    "The file you gave does not match the one deposited ({recorded} bytes at deposit, {found}"
    " bytes now).",
)
CONTENT_DIFFERS = Text(
    "您提交的文件与存证时不一致（大小相同，均为 {recorded} 字节，但内容不同）。",
    "The file you gave does not match the one deposited (both have {recorded} bytes, but the"
    " content differs).",
)
COMMON_CAUSES = Text(
    "常见原因有重新保存、转码、微信压缩、下载不完整、选错文件；不一致不等于当事人造假，"
    "请要求提交原始文件再核验。",
    "Common causes are saving again, transcoding, compression by a chat program, an incomplete"
    " download or the wrong file; a mismatch does not mean that a party forged anything: ask for"
    " the original file and verify again.",
)
BUNDLE_FAILED = Text("证据包没有通过核验：{reason}", "The bundle does not verify: {reason}")
NO_BLAME = Text(
    "证据包可能在传送中损坏；不一致不等于当事人造假。",
    "It may have been damaged on the way; a mismatch does not mean that a party forged anything.",
)
UNDECIDED = Text("暂时无法得出结论：{reason}", "No conclusion can be drawn yet: {reason}")
NOT_GIVEN = Text(
    "证据包本身通过核验，但没有提交文件，无法比对；请连同原始文件再核验一次。",
    "The bundle itself verifies, but no file was given to compare; verify again together with the"
    " original file.",
)
NOT_SUSPECT = Text(
    "这不表示文件有问题。", "This does not mean that anything is wrong with the file."
)

MOMENT: Text = Text("{}（北京时间）", "{} UTC")
ACCURACY: Text = Text("误差不超过 {} 秒", "accurate to {} s")
MORE: Text = Text(
    "另有 {} 项，完整清单见 verifier verify --json 的报告。",
    "{} more; the report of verifier verify --json lists all.",
)
BYTES: Text = Text("{} 字节", "{} bytes")

# Headings and names of fields that the command line and the page share.
LABELS: Mapping[str, Text] = {
    "title": Text("证据核验", "Evidence verifier"),
    "conclusion": Text("结论", "Conclusion"),
    "checked": Text("已核验", "Checked"),
    "not_checked": Text("未核验或不能核验", "Not checked, or beyond checking"),
    "times": Text("时间", "Times"),
    "existed_by": Text("存证的文件最迟已经存在于", "The file deposited existed by"),
    "no_time": Text("不能得出时间结论。", "No time can be concluded from the record."),
    "not_before": Text(
        "存证不能说明文件在此之前存在了多久。",
        "A deposit does not show how long the file had existed before.",
    ),
    "steps": Text("核验步骤", "Steps of the verification"),
    "step": Text("步骤", "Step"),
    "status": Text("结果", "Outcome"),
    "findings": Text("说明", "Findings"),
    "nothing_to_check": Text("不涉及", "not needed"),
    "identity": Text("核验对象", "What was verified"),
    "trust_name": Text("信任根", "Trust root"),
    "log": Text("日志", "Log"),
    "stream": Text("存证编号", "Deposit"),
    "size": Text("存证时大小", "Size at deposit"),
    "digests": Text("存证时摘要", "Digests at deposit"),
    "found_size": Text("所提交文件的大小", "Size of the file given"),
    "found_digests": Text("所提交文件的摘要", "Digests of the file given"),
    "verified_at": Text("核验时间（本机时钟）", "Verified at (this computer's clock)"),
    "unknown": Text("未能读出", "could not be read"),
}

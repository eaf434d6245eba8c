"""The words of the page around a report, in Chinese and English."""

from collections.abc import Mapping

from verifier.words import Text

# What base.html says around every page of ours, the notary's included.
FRAME: Mapping[str, Text] = {
    "brand": Text("证链", "Zhenglian"),
    "skip": Text("跳到正文", "Skip to the content"),
    "language": Text("语言", "Language"),
}

PAGE: Mapping[str, Text] = {
    "choose_again": Text("（须重新选择文件）", "(choose the files again)"),
    "form_heading": Text("核验一份证据", "Verify a piece of evidence"),
    "intro": Text(
        "选择证据包和原始文件，即可看到：文件自存证以来是否改动、最迟何时已经存在、有哪些事项没有核验。",
        "Choose the bundle and the original file to see whether the file has changed since its"
        " deposit, by when it existed, and what was not checked.",
    ),
    "bundle": Text("证据包（必选）", "Bundle (required)"),
    "bundle_hint": Text(
        "文件名以 .evidence.json 结尾，由提交证据的一方提供。",
        "Its name ends in .evidence.json; whoever offers the evidence provides it.",
    ),
    "exhibit": Text("待比对的文件", "File to compare"),
    "exhibit_hint": Text(
        "请用原始文件：转存、截图或经微信发送过的文件会不一致。不选则只核验证据包。",
        "Use the original: a copy saved again or sent through a chat program will not match."
        " Without a file only the bundle is verified.",
    ),
    "submit": Text("开始核验", "Verify"),
    "busy": Text("正在核验，请稍候…", "Verifying, please wait…"),
    "not_kept": Text(
        "上传的文件只用于本次核验，结束后即删除，不留存。",
        "Uploaded files serve this verification only and are deleted when it ends.",
    ),
    "offline": Text(
        "也可以用命令行在不联网的电脑上核验，结果相同。",
        "The command line verifies on a computer without network, with the same outcome.",
    ),
    "problem": Text("没有进行核验", "Nothing was verified"),
    "bundle-missing": Text("请先选择证据包。", "Choose a bundle first."),
    "exhibit-too-large": Text(
        "文件超过本页的上限，请改用命令行核验。",
        "The file is over the limit of this page; verify it with the command line.",
    ),
    "form-malformed": Text(
        "上传没有完成，请再试一次。", "The upload was not completed; please try again."
    ),
    "form-expected": Text(
        "上传没有完成，请再试一次。", "The upload was not completed; please try again."
    ),
    "print": Text("打印", "Print"),
    "again": Text("核验另一份证据", "Verify another"),
    "technical": Text("技术细节：十三个核验步骤", "Technical details: the thirteen steps"),
}

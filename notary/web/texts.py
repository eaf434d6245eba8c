"""The words of the pages, in Chinese and English; both stand side by side so that none is missing.

Owns the sentences, those the scripts show included. The words state integrity, time and custody and
never more: truth, authorship and legal effect are for the court (docs/format.md section 15).
"""

from collections.abc import Mapping

from verifier.words import Text

SANDBOX = Text(
    "沙箱演示：本服务使用模拟链和演示用时间戳，由同一方运行，不构成独立证据。",
    "Sandbox for trying out: this notary uses a simulated chain and demo timestamps, all run by one"
    " party; they are no independent evidence.",
)

PAGE: Mapping[str, Text] = {
    "title": Text("存证", "Deposit evidence"),
    "no_script": Text(
        "本页需要 JavaScript 才能上传文件或计算摘要。请在浏览器中启用后重新打开本页，"
        "或使用命令行：notary deposit 文件名",
        "This page needs JavaScript to send a file or compute its digests. Enable it and open the"
        " page again, or use the command line: notary deposit FILE",
    ),
    "footer": Text(
        "存证只记录文件自存证以来是否改动、最迟何时已经存在；"
        "不说明内容是否真实、由谁制作、取得方式是否合法。",
        "A deposit records whether a file has changed since, and by when it existed; not whether"
        " its content is true, who made it, or whether it was lawfully obtained.",
    ),
    "form_heading": Text("存证一个文件", "Deposit a file"),
    "intro": Text(
        "通常几秒钟后即可下载证据包。日后任何人都可以用证据包和原文件离线核验，无须经过本服务。",
        "The bundle is usually ready in a few seconds. With it and the original file anyone can"
        " verify later, offline and without this service.",
    ),
    "file": Text("文件（必选）", "File (required)"),
    "file_hint": Text(
        "请选原始文件，不要用转存或压缩过的副本。也可以把文件拖到这里。",
        "Choose the original, not a copy saved again or compressed. You can also drop it here.",
    ),
    "mode": Text("存证方式", "How to deposit"),
    "mode_file": Text("上传文件", "Send the file"),
    "mode_file_hint": Text(
        "本服务保存文件，并登记它的摘要。", "The notary stores the file and records its digests."
    ),
    "mode_digests": Text("只存摘要", "Digests only"),
    "mode_digests_hint": Text(
        "文件不会离开您的电脑：摘要在浏览器中计算，只发送摘要、大小和文件名。"
        "请妥善保管原文件，没有原文件就无法比对。",
        "The file does not leave your computer: the browser computes its digests and sends only"
        " them, the size and the file name. Keep the file; without it nothing can be compared.",
    ),
    "source": Text("文件从哪里来（选填）", "Where the file comes from (optional)"),
    "source_hint": Text(
        "例如：网页地址、拍摄的时间和地点、聊天对象、由谁提供。",
        "For example a web address, when and where it was taken, a chat partner, who provided it.",
    ),
    "source_why": Text("为什么要说明来源？", "Why say where it comes from?"),
    "source_because": Text(
        "存证只能看出上链之后是否改动。对方质疑上链之前的情况时，法院会结合具体来源、生成机制、"
        "存储过程等判断（《人民法院在线诉讼规则》第十八条）。",
        "A deposit shows changes after it only. If the other side disputes what went before, the"
        " court weighs source, generation and storage (Online Litigation Rules, Art. 18"
        " 《人民法院在线诉讼规则》第十八条).",
    ),
    "note": Text("备注（选填）", "Note (optional)"),
    "note_hint": Text(
        "来源、备注和文件名不写到链上，只写入证据包。",
        "Source, note and file name do not go on the chain, only into the bundle.",
    ),
    "submit": Text("开始存证", "Deposit"),
    "cancel": Text("取消", "Cancel"),
    "problem": Text("没有完成存证", "Not deposited"),
    "progress": Text("进度", "Progress"),
    "mine": Text("本机的存证记录", "Deposits made on this device"),
    "mine_hint": Text(
        "这份列表只保存在这台设备的这个浏览器里，清除浏览数据后即消失。请另外记下存证编号。",
        "This list is kept in this browser on this device only, and goes with its browsing data."
        " Write the stream ids down elsewhere too.",
    ),
    "forget": Text("清除这份列表", "Clear this list"),
    "deposit_heading": Text("存证状态", "State of the deposit"),
    "steps": Text("进度", "Steps"),
    "step_acknowledged": Text("已收到", "Received"),
    "step_logged": Text("已写入日志", "Written to the log"),
    "step_timestamped": Text("已盖时间戳", "Timestamped"),
    "step_anchored": Text("已上链", "On the chain"),
    "step_bundle": Text("可下载证据包", "Bundle ready"),
    "bundle": Text("下载证据包", "Download the bundle"),
    "trust_root": Text("下载信任根", "Download the trust root"),
    "again": Text("再存一个文件", "Deposit another"),
    "next": Text(
        "请把证据包与原文件放在一起妥善保管。核验时三样都要用到：证据包、原文件、信任根。"
        "信任根最好另经可靠途径取得，再与此处的比对。",
        "Keep the bundle together with the original file. Verifying takes three things: the bundle,"
        " the file and the trust root. Obtain the trust root in another reliable way too, and"
        " compare.",
    ),
    "identity": Text("登记的内容", "What was recorded"),
    "stream": Text("存证编号", "Stream id"),
    "file_name": Text("文件名（本机记录）", "File name (kept on this device)"),
    "size": Text("大小", "Size"),
    "sha256": Text("SHA-256", "SHA-256"),
    "sm3": Text("SM3", "SM3"),
    "recorded_mode": Text("方式", "How"),
    "recorded_at": Text("登记时间", "Recorded at"),
    "existed_by": Text("最迟存在时间", "Existed by"),
}

SCRIPT: Mapping[str, Text] = {
    "choose": Text("请先选择一个文件。", "Choose a file first."),
    "one_file": Text("一次只能存证一个文件，请重新选择。", "Deposit one file at a time."),
    "reading": Text(
        "正在本机计算摘要：{done}（{percent}%）", "Computing digests here: {done} ({percent}%)"
    ),
    "sending": Text(
        "正在上传：{done}（{percent}%），{rate}/秒", "Sending: {done} ({percent}%), {rate}/s"
    ),
    "recording": Text("已传完，正在保存并登记…", "Sent; being stored and recorded…"),
    "cancelled": Text("已取消，没有存证。", "Cancelled; nothing was deposited."),
    "unreadable": Text(
        "浏览器读不到这个文件。它可能已被移动、改动或正被占用，请重新选择。",
        "The browser cannot read this file. It may have been moved, changed or be in use; choose it"
        " again.",
    ),
    "network": Text(
        "连接中断，没有收到答复。请检查网络后再点一次“开始存证”，不会重复存证。",
        "The connection was lost before an answer came. Check the network and press “Deposit”"
        " again; it will not be deposited twice.",
    ),
    "bytes": Text("{count} 字节", "{count} bytes"),
    "done": Text("已完成", "done"),
    "running": Text("进行中", "in progress"),
    "to_come": Text("未到", "to come"),
    "mode_FILE": Text("上传文件，内容由本服务保存", "File sent; the notary stores it"),
    "mode_DIGESTS": Text("只存摘要，文件未离开存证人", "Digests only; the file was never sent"),
    "asking": Text("正在查询…", "Asking…"),
    "offline": Text(
        "暂时联系不上存证服务，会继续重试。已收到的存证不受影响。",
        "The notary cannot be reached at the moment; trying again. What it has received is safe.",
    ),
    "state_acknowledged": Text(
        "存证服务已收到并签名确认，可以关闭本页。正在写入日志。",
        "The notary has received it and signed for it; you may close this page. Being logged.",
    ),
    "state_logged": Text("已写入日志，正在等待时间戳。", "In the log; waiting for a timestamp."),
    "state_timestamped": Text("已盖时间戳，正在上链。", "Timestamped; going on the chain."),
    "state_anchored": Text(
        "已上链，可以下载证据包。", "On the chain; the bundle can be downloaded."
    ),
    "pending": Text("上链后显示", "shown once it is on the chain"),
    "moment": Text("{time}（北京时间）", "{time} UTC"),
}

PROBLEMS: Mapping[str, Text] = {
    "exhibit-empty": Text(
        "这个文件是空的（0 字节）。请确认选对了文件。",
        "This file is empty (0 bytes). Check that it is the one you mean.",
    ),
    "exhibit-too-large": Text(
        "文件超过本服务的上限。请改用“只存摘要”。",
        "The file is over this notary's limit. Deposit its digests only.",
    ),
    "upload-truncated": Text(
        "上传没有完成。请检查网络后再试一次。",
        "The upload was not completed. Check the network and try again.",
    ),
    "invalid-field": Text(
        "有一项填写的内容不符合要求：{detail} 请修改后再试。",
        "A field is not in its form: {detail} Correct it and try again.",
    ),
    "storage-full": Text(
        "存证服务的存储空间已满，没有存证。请联系运营方，或改用“只存摘要”。",
        "The notary is out of space; nothing was deposited. Tell the operator, or deposit the"
        " digests only.",
    ),
    "idempotency-conflict": Text(
        "这次提交与上一次不同。请刷新本页后重新提交。",
        "This differs from what was sent before. Reload the page and deposit again.",
    ),
    "not-ready": Text(
        "存证服务暂时不能工作，请稍后再试。",
        "The notary cannot do its work at the moment. Try again later.",
    ),
    "deposit-unknown": Text(
        "没有找到这个编号的存证。请核对编号，并确认是在当初存证的服务上查询。",
        "There is no such deposit. Check the stream id, and that this is the notary that gave it.",
    ),
    "other": Text(
        "存证服务拒绝了这次请求：{detail} 请稍后再试，或把这句话告诉运营方。",
        "The notary refused this: {detail} Try again later, or tell the operator.",
    ),
}

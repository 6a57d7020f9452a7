"""The words that opt out, and in again, by language, as people write them.

A word is heard only as a whole message, but people also answer an offer with one word: none of
those is here, such as "no", "don't want" or "refuse", in any language.
"""

from __future__ import annotations

from typing import Final
from unicodedata import combining, normalize


def _with_and_without_accents(*words: str) -> tuple[str, ...]:
    """For languages whose accents people leave out, and where that makes no other word."""
    bare = ("".join(s for s in normalize("NFD", word) if not combining(s)) for word in words)
    return (*words, *bare)


STOP: Final = {
    "English": (
        *("stop", "stop all", "stopall", "unsubscribe", "unsub", "cancel", "end", "quit"),
        *("opt out", "optout", "revoke", "stop promotions", "unsubscribed", "remove"),
        *("unsubscribe me", "opt me out", "remove me", "please stop", "stop please"),
        *("pls stop", "unsubscribe please", "please unsubscribe", "stop promo", "stop pls"),
        *("unsubscribe all", "unsubscribe now", "please unsubscribe me", "pls unsubscribe"),
        *("unsubscribe me please", "please remove me", "remove me please", "please opt me out"),
        *("opt out please", "cancel subscription", "stop messages", "stop the messages"),
        *("stop messaging", "stop messaging me", "stop texting", "stop texting me"),
        *("stop sending", "stop sending messages"),
        *("stop sending me messages", "stop contacting me"),
        *("stop marketing", "stop promos", "stop ads", "no more messages", "leave me alone"),
        *("do not contact me", "don't contact me", "do not message me", "don't message me"),
        *("do not text me", "don't text me", "take me off your list", "take me off the list"),
        *("remove me from your list", "remove me from the list"),
        *("unsubcribe", "unsuscribe", "unsubscibe", "unsubsribe", "unsubscrbe", "unsubsrcibe"),
        *("unsubscripe", "un subscribe", "unsubscribe pls", "sotp", "stpo"),
    ),
    "Malay, Indonesian": (
        *("berhenti", "henti", "batal", "berhenti langganan", "batalkan", "batalkan langganan"),
        *("hentikan", "berhenti melanggan", "henti langganan", "batal langganan", "berenti"),
        *("tolong berhenti", "tolong hentikan", "tolong stop", "mohon berhenti", "sila berhenti"),
        *("sila hentikan", "mohon hentikan", "berhenti berlangganan", "hentikan langganan"),
        *("hentikan mesej", "hentikan pesan", "stop mesej", "stop pesan", "nyahlanggan"),
        *("jangan hubungi saya", "jangan hubungi saya lagi", "jangan ganggu saya", "brhenti"),
        *("jangan mesej saya", "jangan mesej saya lagi", "jangan kirim pesan lagi"),
    ),
    "Spanish": _with_and_without_accents(
        *("alto", "basta", "baja", "cancelar", "parar", "cancela", "cancele", "cancelen"),
        *("dar de baja", "darme de baja", "desuscribir", "darse de baja", "dame de baja"),
        *("deme de baja", "denme de baja", "quiero darme de baja", "paren", "detener", "anular"),
        *("desuscribirme", "desuscribirse", "desuscríbeme", "desinscribir", "desinscribirme"),
        *("cancelar suscripción", "cancelar la suscripción", "anular suscripción", "bórrame"),
        *("elimíname", "bórrenme", "elimínenme", "no más mensajes", "no me escriban más"),
        *("no me escribas más", "stop por favor", "baja por favor", "alto por favor"),
    ),
    "Portuguese": _with_and_without_accents(
        *("sair", "parar", "pare", "cancelar", "descadastrar", "cancela", "cancele", "cancelem"),
        *("descadastre", "descadastro", "me descadastre", "desinscrever", "quero sair"),
        *("sair da lista", "me remova", "me remova da lista", "cancelar inscrição"),
        *("cancelar assinatura", "pare por favor", "por favor pare", "parar por favor"),
        *("não quero mais receber", "não quero mais receber mensagens", "cancelar subscrição"),
    ),
    "French": _with_and_without_accents(
        *("arrêt", "arrêter", "arrêtez", "arrête", "désabonner", "se désabonner", "annuler"),
        *("désinscription", "désinscrire", "se désinscrire", "me désinscrire", "me désabonner"),
        *("désabonnement", "désabonnez", "désabonnez-moi", "désinscrivez-moi", "désinscris-moi"),
        *("retirez-moi", "retirez-moi de la liste", "arrêtez svp", "stop svp", "stop sms"),
        *("stop pub", "stop s'il vous plaît", "arrêtez s'il vous plaît", "plus aucun message"),
        *("désincrire", "désincription", "me désincrire"),
    ),
    "German": (
        *("stopp", "abmelden", "abbestellen", "abmeldung", "abbestellung", "austragen"),
        *("bitte abmelden", "abmelden bitte", "bitte austragen", "mich austragen", "aufhören"),
        *(
            "aufhoeren",
            "bitte stopp",
            "bitte stop",
            "bitte stoppen",
            "stopp bitte",
            "stop bitte",
            "stoppen",
        ),
        *("keine nachrichten mehr", "bitte keine nachrichten mehr", "keine werbung"),
        *("keine werbung mehr", "bitte keine werbung", "bitte keine werbung mehr"),
        *("newsletter abbestellen", "bitte abbestellen", "mich abmelden"),
    ),
    "Italian": _with_and_without_accents(
        *("annulla", "cancellami", "basta", "cancella", "cancellare", "cancellatemi"),
        *("cancellazione", "annulla iscrizione", "cancella iscrizione", "disiscrivimi"),
        *("disiscrivermi", "disiscrivere", "disiscrizione", "disiscrivetemi", "rimuovimi"),
        *("rimuovetemi", "interrompi", "interrompere", "basta messaggi", "non scrivetemi più"),
        *("non scrivermi più", "stop per favore", "basta per favore", "toglimi dalla lista"),
    ),
    "Dutch": (
        *("afmelden", "stoppen", "uitschrijven", "afmelding", "uitschrijving", "stopt"),
        *("annuleren", "schrijf me uit", "schrijf mij uit", "meld me af", "meld mij af"),
        *("geen berichten meer", "stop aub", "stop alstublieft", "stop a.u.b."),
    ),
    "Swedish": (
        *("avsluta", "avregistrera", "avregistrera mig", "avprenumerera", "avanmäl", "avanmälan"),
        *("avbryt", "sluta", "stoppa", "ta bort mig", "avsluta prenumeration", "sluta skicka"),
        *("sluta skriva", "avanmäl mig"),
    ),
    "Finnish": (
        *("lopeta", "lopettakaa", "peruuta", "peruuta tilaus", "poista minut"),
        *("poistakaa minut", "lopeta viestit"),
    ),
    "Polish": _with_and_without_accents(
        *("wypisz", "wypisz mnie", "wypisać", "wypiszcie mnie", "proszę mnie wypisać", "anuluj"),
        *("proszę wypisać", "anuluj subskrypcję", "zatrzymaj", "przestań", "przestańcie"),
        *("proszę przestać", "odsubskrybuj", "usuń mnie", "nie piszcie do mnie"),
    ),
    "Tagalog": (
        *("itigil", "itigil na", "itigil mo", "tigil", "tigil na", "ihinto", "hinto", "stop na"),
        *("stop po", "itigil po", "itigil na po", "paki stop", "pakistop", "pakitigil"),
        *("paki tigil", "i-unsubscribe"),
    ),
    # RET is what Turkish text messages name for it.
    "Turkish": (
        *("dur", "iptal", "iptal et", "iptal edin"),
        *("iptal ediniz", "durdur", "durdurun", "durun"),
        *("ret", "abonelikten çık", "aboneliği iptal et", "üyelikten çık", "listeden çıkar"),
        *("beni çıkar", "beni listeden çıkar", "mesaj atmayın", "mesaj atma"),
        *("mesaj göndermeyin", "mesaj gönderme", "lütfen durdurun", "abonelik iptal"),
    ),
    "Greek": _with_and_without_accents(
        *("στοπ", "σταματήστε", "σταμάτα", "σταματήστε παρακαλώ", "διαγραφή", "απεγγραφή"),
        *("ακύρωση", "διακοπή", "κατάργηση εγγραφής", "διαγράψτε με"),
    ),
    "Russian": (
        *("стоп", "отписаться", "отпишите меня", "отписка", "отписатся", "отпишись", "отписать"),
        *("отпишите", "отпиши меня", "отмена", "отменить", "отменить подписку"),
        *("отмена подписки", "остановить", "остановите", "прекратить", "прекратите"),
        *("перестаньте", "хватит писать", "не пишите мне", "не пишите мне больше"),
        *("больше не пишите", "не пиши мне", "удалите меня", "уберите меня"),
        *("отписаться от рассылки", "отпишите меня пожалуйста", "стоп пожалуйста"),
    ),
    "Ukrainian": (
        *("відписатися", "відписатись", "відписка", "відпишіть", "відпишіть мене"),
        *("відпиши мене", "скасувати", "скасуйте", "скасувати підписку", "відмінити"),
        *("припинити", "припиніть", "зупинити", "зупиніть", "не пишіть мені"),
        *("більше не пишіть", "видаліть мене", "відписатися від розсилки"),
    ),
    "Arabic": (
        *("توقف", "إلغاء", "إلغاء الاشتراك", "إلغاء اشتراك", "إلغاء اشتراكي", "ألغ الاشتراك"),
        *("ألغي الاشتراك", "ألغوا الاشتراك", "توقفوا", "توقفي", "أوقف", "أوقفوا", "إيقاف", "قف"),
        *("وقف", "إنهاء", "إزالة", "احذفني", "احذفوني", "ستوب", "أوقفوا الرسائل"),
        *("أوقف الرسائل", "إيقاف الرسائل", "إلغاء الرسائل", "توقف من فضلك", "لا تراسلني"),
        *("لا تراسلوني", "لا ترسل لي", "لا ترسلوا لي", "لا ترسل لي رسائل"),
    ),
    # What Iranian text messages name for it has 11 behind.
    "Persian": (
        *("لغو", "لغو اشتراک", "لغو عضویت", "لغو11", "لغو 11", "لغو۱۱", "لغو ۱۱", "متوقف کنید"),
        *("متوقف کن", "بس کنید", "پیام ندهید", "پیام نده", "لطفا پیام ندهید", "ارسال نکنید"),
        *("قطع کنید", "لغوش کنید", "لغو کنید", "لغو کن"),
    ),
    "Urdu": (
        *("بند کریں", "بند کرو", "بند کردیں", "بند کر دیں", "بند کر دو", "بند کردو", "روکیں"),
        *("روکو", "روک دیں", "روک دو", "منسوخ", "منسوخ کریں", "ختم کریں", "اسٹاپ", "سٹاپ"),
        *("ان سبسکرائب", "میسج نہ کریں", "میسج بند کریں", "پیغام نہ بھیجیں"),
    ),
    "Hebrew": (
        *("הסר", "עצור", "הסר אותי", "הסירו אותי", "הסירו", "תסירו אותי", "תסיר אותי", "להסיר"),
        *("להסיר אותי", "הסרה", "נא להסיר", "נא להסיר אותי", "בבקשה להסיר", "הסר אותי מהרשימה"),
        *("הסירו אותי מהרשימה", "הסר מהרשימה", "עצרו", "תפסיקו", "להפסיק", "הפסק", "הפסיקו"),
        *("ביטול", "בטל", "ביטול מנוי", "ביטול הרשמה", "סטופ", "תורידו אותי מהרשימה"),
    ),
    # In Latin letters, too, as many people write it.
    "Hindi": (
        *("बंद", "रोको", "बंद करो", "बन्द"),
        *("बन्द करो", "बंद करें", "बन्द करें", "रोकें", "रोकिए"),
        *("रोक दो", "रोक दें", "रोक दीजिए", "बंद कर दो", "बंद कर दें", "बंद कीजिए", "रद्द"),
        *("बंद कर दीजिए", "कृपया बंद करें", "रद्द करें", "रद्द करो", "स्टॉप", "अनसब्सक्राइब"),
        *("मैसेज मत भेजो", "मैसेज मत करो", "मैसेज बंद करो", "संदेश बंद करें"),
        *("band karo", "band kro", "band karein", "band kar do", "message mat bhejo"),
        *("message mat karo", "msg mat karo", "msg mat bhejo", "message band karo"),
    ),
    "Bengali": (
        *("বন্ধ", "বন্ধ করুন", "বন্ধ করো", "বন্ধ কর", "বন্ধ করেন", "থামুন", "থামাও", "থামান"),
        *("থামো", "বাতিল", "বাতিল করুন", "স্টপ", "আনসাবস্ক্রাইব", "মেসেজ পাঠাবেন না"),
        *("মেসেজ দিবেন না", "আর মেসেজ দিবেন না", "দয়া করে বন্ধ করুন"),
    ),
    "Tamil": (
        *("நிறுத்து", "நிறுத்துங்கள்", "நிறுத்தவும்", "நிறுத்துக", "ரத்து", "ரத்து செய்"),
        *("ரத்து செய்யவும்", "ரத்து செய்க", "ஸ்டாப்", "அனுப்ப வேண்டாம்", "அனுப்பாதீர்கள்"),
    ),
    "Thai": (
        *("หยุด", "ยกเลิก", "หยุดส่ง", "หยุดครับ"),
        *("หยุดค่ะ", "ยกเลิกครับ", "ยกเลิกค่ะ", "ขอยกเลิก"),
        *("หยุดส่งครับ", "หยุดส่งค่ะ", "หยุดส่งข้อความ", "กรุณาหยุด", "กรุณาหยุดส่ง", "เลิกส่ง"),
        *("ยกเลิกการสมัคร", "ยกเลิกสมาชิก", "ยกเลิกรับข่าวสาร", "ยกเลิกการรับข้อมูล", "เลิกรับ"),
        *("ไม่รับข้อความ", "ไม่รับข่าวสาร", "ไม่ต้องส่งมาอีก", "อย่าส่งมาอีก", "สต๊อป", "สต็อป"),
    ),
    # The mark of hủy may stand on either vowel. Whole phrases are sent without any.
    "Vietnamese": (
        *("dừng", "dừng lại", "hủy", "huỷ", "hủy đăng ký", "huỷ đăng ký", "hủy đăng kí"),
        *("huỷ đăng kí", "hủy bỏ", "huỷ bỏ", "ngừng"),
        *("ngưng", "dừng gửi", "ngừng gửi", "ngưng gửi"),
        *("ngừng gửi tin", "ngừng gửi tin nhắn", "dừng gửi tin nhắn", "đừng nhắn tin nữa"),
        *("đừng nhắn nữa", "đừng gửi nữa", "hủy nhận tin", "huỷ nhận tin", "huy dang ky"),
        *("ngung gui tin", "dung gui tin"),
    ),
    "Chinese": (
        *("停止", "退订", "退訂", "取消", "取消订阅"),
        *("取消訂閱", "拒收", "停", "停止发送", "停止發送"),
        *("停止订阅", "停止訂閱", "请停止", "請停止", "请退订", "請退訂", "我要退订", "我要退訂"),
        *("别发了", "別發了", "别再发了", "別再發了"),
        *("不要再发了", "不要再發了", "不要再发", "不要再發"),
        *("拒绝接收", "拒絕接收", "不再接收", "请勿打扰"),
        *("請勿打擾", "终止", "終止", "请取消", "請取消"),
        *("请取消订阅", "請取消訂閱", "唔好再發", "停止推送"),
    ),
    "Japanese": (
        *("停止", "配信停止", "ストップ", "解除"),
        *("配信解除", "登録解除", "購読解除", "配信不要", "退会"),
        *("やめて", "やめてください", "止めて"),
        *("止めてください", "送らないで", "送らないでください"),
        *("中止", "受信拒否", "キャンセル"),
        *("配信停止希望", "配信停止お願いします", "停止してください"),
    ),
    "Korean": (
        *("수신거부", "수신 거부", "중지", "중단"),
        *("정지", "그만", "그만 보내세요", "그만보내세요"),
        *("보내지 마세요", "보내지마세요", "취소", "해지", "구독취소", "구독 취소", "구독해지"),
        *("구독 해지", "탈퇴", "스톱", "스탑", "중지해주세요", "중지해 주세요", "수신거부합니다"),
        *("연락하지 마세요", "연락하지마세요", "문자 보내지 마세요", "그만해주세요"),
    ),
}

# An opt-in is a consent: nothing is here that could be meant otherwise.
START: Final = {
    "English": ("start", "unstop", "subscribe", "opt in", "optin"),
    "Malay, Indonesian": ("mula", "mulai", "langgan"),
    "Spanish, Portuguese": ("alta", "iniciar"),
    "German": ("anmelden",),
    "Turkish": ("başla", "başlat"),
    "Russian": ("старт", "подписаться"),
    "Arabic": ("ابدأ", "اشتراك"),
    "Hindi": ("शुरू",),
    "Thai": ("เริ่ม",),
    "Chinese": ("开始", "開始", "订阅", "訂閱"),
}

"""What a bundle says to whoever opens it, in the four languages."""

from __future__ import annotations

WORDS = (
    # English.
    "What this is: the evidence that an alert of Emberwatch rests on: pixels before and after,\n"
    "readings, and every decision of its life, sealed with the key of the service.\n"
    "How to check it without us: emberwatch evidence verify FILE.zip --key KEY.pub\n"
    "(no network, no database, no account). Ask the sender for the fingerprint of the key by\n"
    "another way, such as the phone, and compare it with the one above. By hand:\n"
    "manifest.dsse.json is a DSSE envelope (Ed25519) around an in-toto statement that lists the\n"
    "SHA-256 of each file.\n"
    "Pixels are unstretched. It says what was seen, not who or why.\n",
    # French.
    "Ce que c'est : les preuves sur lesquelles repose une alerte d'Emberwatch : pixels avant et\n"
    "après, mesures et toutes les décisions, scellées par la clé du service.\n"
    "Vérifier sans nous : emberwatch evidence verify FICHIER.zip --key CLE.pub (sans réseau).\n"
    "Demandez l'empreinte de la clé par une autre voie et comparez-la à celle ci-dessus.\n",
    # Arabic, a draft for a native reader.
    "ما هذا: الأدلة التي يقوم عليها تنبيه من Emberwatch: صور قبل وبعد، وقياسات، وكل القرارات،\n"
    "مختومة بمفتاح الخدمة. للتحقق من دوننا: emberwatch evidence verify FILE.zip --key KEY.pub\n"
    "اطلب بصمة المفتاح بطريق آخر وقارنها بما سبق.\n",
    # Burmese, a draft for a native reader.
    "ဤအရာသည် Emberwatch သတိပေးချက်၏ သက်သေအထောက်အထားဖြစ်သည်။ ဝန်ဆောင်မှု၏သော့ဖြင့် တံဆိပ်ခတ်ထားသည်။\n"
    "စစ်ဆေးရန်: emberwatch evidence verify FILE.zip --key KEY.pub\n"
    "သော့၏ လက်ဗွေကို အခြားနည်းဖြင့် မေးမြန်းပြီး အထက်ပါနှင့် တိုက်ဆိုင်ပါ။\n",
)


def readme(ref: str, tlp: str, fingerprint: str) -> bytes:
    """Return README.txt; who may have it stands before everything else."""
    head = f"{tlp}\n\nAlert {ref}. Key {fingerprint}\n"
    return "\n".join((head, *WORDS)).encode()

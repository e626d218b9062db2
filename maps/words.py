"""The words that maps add of their own: English, French, Arabic, Burmese.

Arabic and Burmese are drafts: a native reader has not yet seen them. A missing
word falls back to English, and a test lists what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from maps.burmese import BURMESE
from maps.escaping import SafeHtml, escaped, isolated

DRAFT_LANGUAGES = frozenset({"ar", "my"})
"""Languages whose words still need a native reader."""

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})

ENGLISH: Mapping[str, str] = {
    "before": "Before",
    "after": "After",
    "image_of": "Image of",
    "false_colour": "False colour (shortwave and near infrared)",
    "false_colour_16": "False colour (shortwave infrared 1.6 µm, near infrared)",
    "colour_infrared": "False colour (near infrared)",
    "true_colour": "True colour",
    "radar": "Radar",
    "grey_nir": "Near infrared, grey",
    "grey_red": "Red light, grey",
    "false_colour_read": "Living plants are green, bare soil pink to pale, burnt ground dark red "
    "to brown, water nearly black.",
    "false_colour_16_read": "Living plants are green, bare soil pink to pale, burnt ground dark, "
    "water nearly black. The band that shows burnt ground best is missing.",
    "colour_infrared_read": "Living plants are red, bare soil grey to green, burnt ground dark. "
    "The shortwave bands that show burnt ground best are missing.",
    "true_colour_read": "As the eye would see it from above.",
    "radar_read": "Rough or built-up ground is bright, smooth ground and water dark.",
    "grey_nir_read": "Living plants are bright, burnt ground and water dark.",
    "grey_red_read": "Bare soil is bright, plants and water dark.",
    "stretch": "Both dates have the same brightness scale, so a change of colour is a change "
    "on the ground.",
    "pixel": "One pixel is {0}.",
    "swipe": "Compare before and after",
    "swipe_help": "Drag the handle, or use the arrow keys on it.",
    "swipe_value": "{0} % of the width shows before",
    "no_pictures": "No satellite picture is shown: there is none, or it may not be shown here.",
    "no_before": "No picture from before is shown.",
    "no_after": "No picture from after is shown.",
    "no_common_bands": "The two dates have no bands in common; only the later one is shown.",
    "legend": "Legend",
    "facts": "Facts",
    "shapes": "Everything on the map, as a table",
    "layers": "Layers",
    "imagery": "Picture",
    "settlement": "Settlement outline",
    "ring": "Comparison ring",
    "burned": "Changed ground",
    "burned_burn": "Burn-like ground",
    "hotspot": "Active-fire detection",
    "other_settlement": "Other settlement",
    "cell": "Area of the stated precision",
    "other": "Other outline",
    "names": "Names",
    "what": "What",
    "name": "Name",
    "position": "Latitude, longitude",
    "area": "Area",
    "coverage": "What was seen",
    "north": "North is up",
    "drawn": "Drawn by Emberwatch with Leaflet",
    "no_network": "This page is complete in itself: opening it contacts nobody.",
    "alt_pair": "Two satellite pictures side by side. Left: before, {0}. Right: after, {1}.",
    "alt_single": "One satellite picture. {0}: {1}.",
    "alt_outlines": "Outlines drawn: {0}.",
    "map_of": "Map: {0}",
    "needs_script": "The moving map needs JavaScript; the tables beside it say the same.",
    "zoom_in": "Zoom in",
    "zoom_out": "Zoom out",
    "overview": "Areas watched",
    "generated": "As of",
    "aoi": "Area",
    "last_seen": "Last seen",
    "never_seen": "never",
    "state": "State",
    "open_alerts": "Open alerts",
    "none": "none",
    "no_areas": "No area is watched yet.",
    "standing": "Alerts that stand: {0}",
    "listed": "{0} of {1} areas are listed, those with most alerts first. "
    "All are on the page of areas.",
    "no_roads": "Background: land outlines from Natural Earth. Coarse at the scale of a village, "
    "without roads or place names.",
    "no_background": "No background map: nothing is fetched from the network.",
    "seen_recently": "Seen within {0} days",
    "seen_late": "Seen within {0} days, not within {1}",
    "not_seen": "Not seen for {0} days or longer",
    "alert": "Alert",
    "draft": "",
}

FRENCH: Mapping[str, str] = {
    "before": "Avant",
    "after": "Après",
    "image_of": "Image du",
    "false_colour": "Fausses couleurs (infrarouge moyen et proche)",
    "false_colour_16": "Fausses couleurs (infrarouge moyen 1,6 µm, proche infrarouge)",
    "colour_infrared": "Fausses couleurs (proche infrarouge)",
    "true_colour": "Couleurs naturelles",
    "radar": "Radar",
    "grey_nir": "Proche infrarouge, gris",
    "grey_red": "Lumière rouge, gris",
    "false_colour_read": "Végétation vivante en vert, sol nu rose à pâle, sol brûlé rouge sombre "
    "à brun, eau presque noire.",
    "false_colour_16_read": "Végétation vivante en vert, sol nu rose à pâle, sol brûlé sombre, eau "
    "presque noire. La bande qui montre le mieux le sol brûlé manque.",
    "colour_infrared_read": "Végétation vivante en rouge, sol nu gris à vert, sol brûlé sombre. "
    "Les bandes qui montrent le mieux le sol brûlé manquent.",
    "true_colour_read": "Comme l'œil le verrait d'en haut.",
    "radar_read": "Sol rugueux ou bâti clair, sol lisse et eau sombres.",
    "grey_nir_read": "Végétation vivante claire, sol brûlé et eau sombres.",
    "grey_red_read": "Sol nu clair, végétation et eau sombres.",
    "stretch": "Les deux dates ont la même échelle de luminosité : un changement de couleur est "
    "un changement au sol.",
    "pixel": "Un pixel mesure {0}.",
    "swipe": "Comparer avant et après",
    "swipe_help": "Faites glisser la poignée, ou utilisez les flèches du clavier.",
    "swipe_value": "{0} % de la largeur montre l'image d'avant",
    "no_pictures": "Aucune image satellite n'est montrée : il n'y en a pas, ou elle ne peut pas "
    "être montrée ici.",
    "no_before": "Aucune image d'avant n'est montrée.",
    "no_after": "Aucune image d'après n'est montrée.",
    "no_common_bands": "Les deux dates n'ont aucune bande commune ; seule la plus récente est "
    "montrée.",
    "legend": "Légende",
    "facts": "Faits",
    "shapes": "Tout ce que montre la carte, en tableau",
    "layers": "Couches",
    "imagery": "Image",
    "settlement": "Contour de la localité",
    "ring": "Anneau de comparaison",
    "burned": "Sol modifié",
    "burned_burn": "Sol d'aspect brûlé",
    "hotspot": "Détection de feu actif",
    "other_settlement": "Autre localité",
    "cell": "Zone à la précision indiquée",
    "other": "Autre contour",
    "names": "Noms",
    "what": "Objet",
    "name": "Nom",
    "position": "Latitude, longitude",
    "area": "Surface",
    "coverage": "Ce qui a été vu",
    "north": "Le nord est en haut",
    "drawn": "Dessiné par Emberwatch avec Leaflet",
    "no_network": "Cette page est complète : l'ouvrir ne contacte personne.",
    "alt_pair": "Deux images satellite côte à côte. À gauche : avant, {0}. À droite : après, {1}.",
    "alt_single": "Une image satellite. {0} : {1}.",
    "alt_outlines": "Contours tracés : {0}.",
    "map_of": "Carte : {0}",
    "needs_script": "La carte mobile a besoin de JavaScript ; les tableaux disent la même chose.",
    "zoom_in": "Zoom avant",
    "zoom_out": "Zoom arrière",
    "overview": "Zones surveillées",
    "generated": "État au",
    "aoi": "Zone",
    "last_seen": "Vue le",
    "never_seen": "jamais",
    "state": "État",
    "open_alerts": "Alertes ouvertes",
    "none": "aucune",
    "no_areas": "Aucune zone n'est encore surveillée.",
    "standing": "Alertes en cours : {0}",
    "listed": "{0} zones sur {1} sont listées, celles qui ont le plus d'alertes d'abord. "
    "Toutes sont sur la page des zones.",
    "no_roads": "Fond : contours des terres de Natural Earth. Grossier à l'échelle d'un village, "
    "sans routes ni noms de lieux.",
    "no_background": "Pas de fond de carte : rien n'est demandé au réseau.",
    "seen_recently": "Vue depuis moins de {0} jours",
    "seen_late": "Vue depuis moins de {0} jours, pas depuis {1}",
    "not_seen": "Pas vue depuis {0} jours ou plus",
    "alert": "Alerte",
    "draft": "",
}

ARABIC: Mapping[str, str] = {
    "before": "قبل",
    "after": "بعد",
    "image_of": "صورة يوم",
    "false_colour": "ألوان زائفة (الأشعة تحت الحمراء القصيرة والقريبة)",
    "false_colour_16": "ألوان زائفة (تحت الحمراء القصيرة 1.6 µm والقريبة)",
    "colour_infrared": "ألوان زائفة (تحت الحمراء القريبة)",
    "true_colour": "ألوان طبيعية",
    "radar": "رادار",
    "grey_nir": "تحت الحمراء القريبة، رمادي",
    "grey_red": "الضوء الأحمر، رمادي",
    "false_colour_read": "النبات الحي أخضر، والتربة العارية وردية إلى فاتحة، والأرض المحترقة "
    "حمراء داكنة إلى بنية، والماء شبه أسود.",
    "false_colour_16_read": "النبات الحي أخضر، والأرض المحترقة داكنة، والماء شبه أسود. النطاق "
    "الأفضل لإظهار الأرض المحترقة غير متوفر.",
    "colour_infrared_read": "النبات الحي أحمر، والأرض المحترقة داكنة. النطاقات الأفضل لإظهار "
    "الأرض المحترقة غير متوفرة.",
    "true_colour_read": "كما تراها العين من أعلى.",
    "radar_read": "الأرض الخشنة أو المبنية فاتحة، والأرض الملساء والماء داكنان.",
    "grey_nir_read": "النبات الحي فاتح، والأرض المحترقة والماء داكنان.",
    "grey_red_read": "التربة العارية فاتحة، والنبات والماء داكنان.",
    "stretch": "للتاريخين مقياس السطوع نفسه، فتغيّر اللون يعني تغيّرًا على الأرض.",
    "pixel": "عرض البكسل الواحد {0}.",
    "swipe": "مقارنة قبل وبعد",
    "swipe_help": "اسحب المقبض أو استخدم مفاتيح الأسهم.",
    "swipe_value": "{0} % من العرض يُظهر صورة ما قبل",
    "no_pictures": "لا تُعرض صورة فضائية: لا توجد صورة أو لا يجوز عرضها هنا.",
    "no_before": "لا تُعرض صورة لما قبل.",
    "no_after": "لا تُعرض صورة لما بعد.",
    "no_common_bands": "لا نطاقات مشتركة بين التاريخين؛ تُعرض الصورة الأحدث فقط.",
    "legend": "مفتاح الخريطة",
    "facts": "الوقائع",
    "shapes": "كل ما على الخريطة في جدول",
    "layers": "الطبقات",
    "imagery": "الصورة",
    "settlement": "حدود التجمّع السكني",
    "ring": "حلقة المقارنة",
    "burned": "أرض تغيّرت",
    "burned_burn": "أرض تبدو محترقة",
    "hotspot": "رصد حريق نشط",
    "other_settlement": "تجمّع سكني آخر",
    "cell": "المنطقة بحسب الدقة المذكورة",
    "other": "حدود أخرى",
    "names": "الأسماء",
    "what": "العنصر",
    "name": "الاسم",
    "position": "خط العرض، خط الطول",
    "area": "المساحة",
    "coverage": "ما تمت رؤيته",
    "north": "الشمال إلى أعلى",
    "drawn": "رسمها Emberwatch باستخدام Leaflet",
    "no_network": "هذه الصفحة مكتملة بذاتها: فتحها لا يتصل بأي جهة.",
    "alt_pair": "صورتان فضائيتان جنبًا إلى جنب. يسارًا: قبل، {0}. يمينًا: بعد، {1}.",
    "alt_single": "صورة فضائية واحدة. {0}: {1}.",
    "alt_outlines": "الحدود المرسومة: {0}.",
    "map_of": "خريطة: {0}",
    "needs_script": "تحتاج الخريطة المتحركة إلى JavaScript، والجداول تقول الشيء نفسه.",
    "zoom_in": "تكبير",
    "zoom_out": "تصغير",
    "overview": "المناطق المراقبة",
    "generated": "حتى",
    "aoi": "المنطقة",
    "last_seen": "آخر رؤية",
    "never_seen": "لم تُرَ قط",
    "state": "الحالة",
    "open_alerts": "تنبيهات مفتوحة",
    "none": "لا شيء",
    "no_areas": "لا توجد منطقة مراقبة بعد.",
    "standing": "التنبيهات القائمة: {0}",
    "listed": "تُعرض {0} من {1} منطقة، وأولها الأكثر تنبيهات. جميعها في صفحة المناطق.",
    "no_roads": "الخلفية: حدود اليابسة من Natural Earth، تقريبية على مستوى القرية، بلا طرق ولا "
    "أسماء أماكن.",
    "no_background": "لا خريطة خلفية: لا يُطلب شيء من الشبكة.",
    "seen_recently": "شوهدت خلال {0} أيام",
    "seen_late": "شوهدت خلال {0} يومًا، لا خلال {1}",
    "not_seen": "لم تُشاهد منذ {0} يومًا أو أكثر",
    "alert": "تنبيه",
    "draft": "ترجمة أولية لم يراجعها متحدث أصلي.",
}

CATALOGUE: Mapping[str, Mapping[str, str]] = {
    "en": ENGLISH,
    "fr": FRENCH,
    "ar": ARABIC,
    "my": BURMESE,
}

_LATIN_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()

MONTHS: Mapping[str, tuple[str, ...]] = {
    "en": tuple(_LATIN_MONTHS),
    "fr": tuple("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.".split()),
    "ar": tuple(
        "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر".split()
    ),
}
"""Burmese readers are given the Latin month, as in the subjects of ALERTS.md 5.2."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language."""

    language: str
    """A key of `CATALOGUE`."""

    @classmethod
    def of(cls, language: str) -> Words:
        """Return the words of `language`, such as ``"fr"`` or ``"ar-SD"``; English if unknown."""
        spoken = language.partition("-")[0].casefold()
        return cls(spoken if spoken in CATALOGUE else "en")

    def __call__(self, key: str, *values: object) -> str:
        """Return the word for `key` with `values` in the places ``{0}``, ``{1}``."""
        text = CATALOGUE[self.language].get(key, ENGLISH[key])
        return text.format(*values) if values else text

    def as_html(self, key: str, *values: object) -> Markup:
        """Return the same as HTML, each value in its own direction."""
        text = escaped(CATALOGUE[self.language].get(key, ENGLISH[key]))
        isolates = [isolated(str(value)) for value in values]
        # The escaper has turned the braces of the places into entities.
        for place, value in enumerate(isolates):
            text = SafeHtml(text.replace(f"&#123;{place}&#125;", value))
        return Markup(text)

    @property
    def direction(self) -> str:
        """``"rtl"`` or ``"ltr"``."""
        return "rtl" if self.language in RIGHT_TO_LEFT else "ltr"

    def date(self, instant: datetime) -> str:
        """Return the UTC day of `instant` with the month as a word: ``"7 Jul 2016"``."""
        months = MONTHS.get(self.language, MONTHS["en"])
        return f"{instant.day} {months[instant.month - 1]} {instant.year}"

    def moment(self, instant: datetime) -> str:
        """Return `instant` to the minute, with its time scale."""
        comma = "\u060c" if self.language == "ar" else ","
        return f"{self.date(instant)}{comma} {instant:%H:%M} UTC"


def latin_date(instant: datetime) -> str:
    """Return the UTC day of `instant` in signs that need no shaping."""
    return Words("en").date(instant)

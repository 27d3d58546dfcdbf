"""Occupations that the job portal advertises: our own short texts in Indonesian, with each trade's skill words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Occupation:
    """`low` and `high`: monthly wage in thousands of rupiah; `work`: what one does; `skills`: what one must know."""

    key: str
    title: str
    low: int
    high: int
    work: str
    skills: tuple[str, ...]


def _occupation(line: str) -> Occupation:
    key, title, low, high, work, skills = (part.strip() for part in line.split("|"))
    return Occupation(key, title, int(low), int(high), work, tuple(skill.strip() for skill in skills.split(",")))


_LINES = """
admin | Staf Administrasi | 3200 | 5000 | mencatat surat, menyusun arsip, dan membuat laporan mingguan | microsoft excel, pengarsipan, surat menyurat, entri data
accounting | Staf Akuntansi | 3800 | 6500 | membukukan transaksi dan menyiapkan laporan keuangan bulanan | akuntansi dasar, jurnal umum, microsoft excel, perpajakan
cashier | Kasir | 2800 | 4200 | melayani pembayaran dan menghitung uang laci setiap pergantian kerja | layanan pelanggan, mesin kasir, menghitung uang, ketelitian
shopkeeper | Pramuniaga Toko | 2700 | 4000 | menyambut pembeli, menata rak, dan menjaga ketersediaan barang | layanan pelanggan, penjualan, penataan barang, komunikasi
barista | Barista | 2800 | 4500 | meracik kopi dan menjaga kebersihan bar | teknik espresso, latte art, layanan pelanggan, kebersihan pangan
cook | Juru Masak | 3000 | 5500 | menyiapkan bahan dan memasak menu harian | memasak, kebersihan pangan, pengolahan bahan, manajemen dapur
baker | Pembuat Roti dan Kue | 2800 | 4800 | menakar adonan, memanggang, dan menghias kue | membuat roti, menghias kue, kebersihan pangan, menakar bahan
waiter | Pramusaji | 2600 | 3900 | mengantar pesanan dan merapikan meja tamu | layanan pelanggan, komunikasi, tata boga, bahasa inggris
housekeeper | Petugas Tata Graha Hotel | 2800 | 4200 | membersihkan kamar dan mengganti linen | tata graha, kebersihan, layanan pelanggan, kerja tim
receptionist | Resepsionis | 3000 | 4800 | menerima tamu, menjawab telepon, dan mengatur janji | komunikasi, bahasa inggris, layanan pelanggan, reservasi
tourguide | Pemandu Wisata | 3000 | 6000 | menemani rombongan dan bercerita tentang tempat yang dikunjungi | pemandu wisata, bahasa inggris, komunikasi, sejarah daerah
seamstress | Penjahit | 2700 | 4500 | memotong pola dan menjahit pakaian pesanan | menjahit, membuat pola, mesin jahit, desain busana
garment | Operator Jahit Garmen | 2900 | 4600 | menjalankan mesin jahit pada jalur produksi | mesin jahit, kendali mutu, kerja tim, ketelitian
welder | Juru Las | 3500 | 7000 | mengelas rangka baja sesuai gambar | las listrik, membaca gambar teknik, keselamatan kerja, las argon
electrician | Teknisi Listrik | 3300 | 6500 | memasang instalasi dan memperbaiki gangguan listrik gedung | instalasi listrik, keselamatan kerja, panel listrik, alat ukur
aircon | Teknisi Pendingin Ruangan | 3000 | 5500 | merawat, mengisi freon, dan memasang pendingin ruangan | servis ac, instalasi listrik, alat ukur, layanan pelanggan
motorcycle | Mekanik Sepeda Motor | 2800 | 5000 | menyervis mesin dan mengganti suku cadang | servis sepeda motor, sistem injeksi, kelistrikan kendaraan, alat bengkel
carmechanic | Mekanik Mobil | 3200 | 6200 | memeriksa mesin, rem, dan kaki-kaki mobil | servis mobil, kelistrikan kendaraan, diagnosa mesin, keselamatan kerja
phone | Teknisi Telepon Genggam | 2800 | 5200 | mengganti layar dan memperbaiki papan rangkaian | servis ponsel, menyolder, perangkat lunak ponsel, layanan pelanggan
driver | Pengemudi Niaga | 3000 | 5500 | mengantar muatan antar kota dengan selamat | mengemudi, keselamatan berkendara, membaca peta, perawatan kendaraan
courier | Kurir | 2700 | 4500 | menjemput dan mengantar paket tepat waktu | mengemudi, membaca peta, layanan pelanggan, aplikasi pengiriman
warehouse | Staf Gudang | 3000 | 4700 | menerima barang, mencatat stok, dan menyiapkan kiriman | manajemen stok, entri data, forklift, keselamatan kerja
forklift | Operator Forklift | 3500 | 5500 | memindahkan palet di gudang dan pelabuhan | forklift, keselamatan kerja, manajemen stok, perawatan alat
security | Petugas Keamanan | 3000 | 4500 | menjaga gerbang dan mencatat keluar masuk orang | pengamanan, komunikasi, pertolongan pertama, kedisiplinan
callcenter | Petugas Pusat Panggilan | 3200 | 5000 | menjawab keluhan pelanggan lewat telepon dan obrolan | komunikasi, layanan pelanggan, entri data, bahasa inggris
sales | Tenaga Penjualan Lapangan | 3000 | 7000 | menawarkan produk dan menjaga hubungan dengan toko | penjualan, negosiasi, komunikasi, mengemudi
digitalmarketing | Pemasar Digital | 3800 | 8000 | menyusun iklan dan membaca hasil kampanye di media sosial | pemasaran digital, media sosial, iklan daring, analisis data
content | Penulis Konten | 3500 | 7000 | menulis artikel dan naskah video untuk merek | menulis konten, media sosial, seo, bahasa indonesia
seller | Pengelola Toko Daring | 3000 | 6000 | mengunggah produk, menjawab pembeli, dan mengatur promosi | penjualan daring, foto produk, layanan pelanggan, pemasaran digital
designer | Desainer Grafis | 3500 | 7500 | merancang poster, kemasan, dan bahan media sosial | desain grafis, adobe illustrator, tipografi, foto produk
video | Penyunting Video | 3500 | 7500 | memotong gambar dan menata suara untuk tayangan pendek | menyunting video, tata suara, fotografi, media sosial
photographer | Fotografer | 3200 | 7000 | memotret produk dan acara | fotografi, foto produk, menyunting foto, tata cahaya
programmer | Pemrogram Web | 5000 | 12000 | membuat dan merawat halaman web perusahaan | pemrograman web, javascript, basis data, git
data | Analis Data | 5500 | 12000 | mengolah data penjualan dan membuat papan angka | analisis data, sql, microsoft excel, visualisasi data
support | Teknisi Komputer dan Jaringan | 3500 | 6500 | memasang jaringan kantor dan membantu pemakai | jaringan komputer, perbaikan komputer, sistem operasi, layanan pelanggan
teacher | Pengajar Bahasa Inggris | 3200 | 6500 | mengajar percakapan bagi anak dan orang dewasa | bahasa inggris, mengajar, komunikasi, menyusun materi
childcare | Pengasuh Anak | 2600 | 4500 | menemani anak bermain, makan, dan belajar | pengasuhan anak, pertolongan pertama, komunikasi, gizi
caregiver | Perawat Lansia | 3000 | 5500 | membantu kegiatan harian orang lanjut usia di rumah | perawatan lansia, pertolongan pertama, komunikasi, gizi
beautician | Penata Rambut dan Rias | 2700 | 5500 | memotong rambut dan merias pengantin | tata rambut, tata rias, layanan pelanggan, kebersihan
farmer | Petugas Kebun dan Hidroponik | 2600 | 4500 | menyemai, merawat, dan memanen sayuran | budidaya tanaman, hidroponik, pupuk, manajemen stok
builder | Tukang Bangunan | 3000 | 5500 | memasang bata, keramik, dan plafon sesuai gambar | konstruksi, membaca gambar teknik, keselamatan kerja, memasang keramik
"""  # noqa: E501

OCCUPATIONS = {occupation.key: occupation for occupation in map(_occupation, _LINES.strip().splitlines())}

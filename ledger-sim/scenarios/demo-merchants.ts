/** The two invented merchants of the demonstration, and what their tills show. */
import { tiyn } from '../../src/voucher/money.ts'
import type { Merchant } from '../../src/voucher/package.ts'
import type { Tiles } from '../schemes/merchants.ts'
import { demoCanteen, demoShop } from './demo-schemes.ts'

const almaty = {
  kk: 'Алматы қ., Көкжиек көшесі 7',
  ru: 'г. Алматы, ул. Кокжиек 7',
  en: '7 Kokzhiek Street, Almaty',
}

/** A canteen that also sells food: both schemes can be used there, so there is something to pay at any hour. */
export const canteen: Merchant = {
  merchantId: demoCanteen,
  accountId: `merchant.${demoCanteen}`,
  name: { kk: '№ 7 мектеп асханасы', ru: 'Столовая школы № 7', en: 'School No. 7 canteen' },
  address: almaty,
}

export const shop: Merchant = {
  merchantId: demoShop,
  accountId: `merchant.${demoShop}`,
  name: { kk: '«Көкбазар» дүкені', ru: 'Магазин «Кокбазар»', en: 'Kokbazar shop' },
  address: { kk: 'Алматы қ., Базар көшесі 12', ru: 'г. Алматы, ул. Базарная 12', en: '12 Bazar Street, Almaty' },
}

/** Article numbers are invented. */
const food: Tiles['catalogue'] = [
  {
    itemId: 'bread',
    name: { kk: 'Нан', ru: 'Хлеб', en: 'Bread' },
    category: 'food',
    gtin: '04870000000012',
    unitPrice: tiyn(18_000n),
  },
  {
    itemId: 'milk',
    name: { kk: 'Сүт, 1 л', ru: 'Молоко, 1 л', en: 'Milk, 1 l' },
    category: 'food',
    gtin: '04870000000029',
    unitPrice: tiyn(52_000n),
  },
  {
    itemId: 'eggs',
    name: { kk: 'Жұмыртқа, 10 дана', ru: 'Яйца, 10 шт.', en: 'Eggs, 10' },
    category: 'food',
    gtin: '04870000000036',
    unitPrice: tiyn(78_000n),
  },
  {
    itemId: 'rice',
    name: { kk: 'Күріш, 1 кг', ru: 'Рис, 1 кг', en: 'Rice, 1 kg' },
    category: 'food',
    gtin: '04870000000043',
    unitPrice: tiyn(65_000n),
  },
  {
    itemId: 'apples',
    name: { kk: 'Алма, 1 кг', ru: 'Яблоки, 1 кг', en: 'Apples, 1 kg' },
    category: 'food',
    gtin: '04870000000050',
    unitPrice: tiyn(59_000n),
  },
  {
    itemId: 'juice',
    name: { kk: 'Шырын', ru: 'Сок', en: 'Juice' },
    category: 'drinks',
    gtin: '04870000000067',
    unitPrice: tiyn(35_000n),
  },
]

const lunch: Tiles['catalogue'] = [
  {
    itemId: 'school-lunch',
    name: { kk: 'Мектептегі түскі ас', ru: 'Школьный обед', en: 'School lunch' },
    category: 'school-lunch',
    unitPrice: tiyn(115_000n),
  },
]

const foodCategories: Tiles['categories'] = [
  { category: 'food', name: { kk: 'Азық-түлік', ru: 'Продукты', en: 'Food' } },
  { category: 'drinks', name: { kk: 'Сусындар', ru: 'Напитки', en: 'Drinks' } },
]

export const canteenTiles: Tiles = {
  catalogue: [...lunch, ...food],
  categories: [{ category: 'school-lunch', name: { kk: 'Түскі ас', ru: 'Обед', en: 'Lunch' } }, ...foodCategories],
}

export const shopTiles: Tiles = { catalogue: food, categories: foodCategories }
